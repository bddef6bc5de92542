-- Version 2: where a service has no room for all tracks, those of higher priority have it first.
ALTER TABLE track ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
