-- Version 4: jobs of any kind; gaps that say why they are there and what was done about them.

-- `source` is the name of the one whose connector does it; NULL for backfills, which are the store's own. Numbers are never given twice: a
-- number and its attempts are a lease.
CREATE TABLE job_4 (
    job          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,
    key          TEXT NOT NULL,
    source       TEXT,
    payload      BLOB NOT NULL,
    priority     INTEGER NOT NULL DEFAULT 0,
    due_at       INTEGER NOT NULL,
    leased_until INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    dead         INTEGER NOT NULL DEFAULT 0,
    reason       TEXT NOT NULL DEFAULT '',
    made_at      INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;
INSERT INTO job_4 (job, kind, key, payload, due_at, leased_until, attempts, reason, made_at)
    SELECT job, kind, key, payload, due_at, leased_until, attempts, reason, made_at FROM job;
DROP TABLE job;
ALTER TABLE job_4 RENAME TO job;
-- Earned by: taking the next ones, several times a minute for each source.
CREATE INDEX job_next ON job (source, kind, priority DESC, job, due_at, leased_until) WHERE NOT dead;

-- A gap may be one track's (track 0: the whole source's). `family` tells apart what may begin at the same moment: 0 the connection, 1 a budget,
-- 2 a limit, 3 a pause, 4 a rule not confirmed. `lost` is as the service says. `came`: posts that its repair kept; `lacks`: what a repair is
-- known not to bring; `remains`: why there is more that can't be had.
CREATE TABLE gap_4 (
    gap         INTEGER PRIMARY KEY,
    source      INTEGER NOT NULL,
    track       INTEGER NOT NULL DEFAULT 0,
    family      INTEGER NOT NULL,
    cause       TEXT NOT NULL,
    from_at     INTEGER NOT NULL,
    until_at    INTEGER,
    reason      TEXT NOT NULL,
    lost        INTEGER,
    -- open | repairing | repaired | beyond-repair
    state       TEXT NOT NULL DEFAULT 'open',
    repaired_by TEXT NOT NULL DEFAULT '',
    repaired_at INTEGER,
    came        INTEGER NOT NULL DEFAULT 0,
    lacks       TEXT NOT NULL DEFAULT '',
    remains     TEXT NOT NULL DEFAULT '',
    UNIQUE (source, track, family, from_at)
) STRICT;
INSERT INTO gap_4 (gap, source, track, family, cause, from_at, until_at, reason, lost, state)
    SELECT gap, source, track,
        CASE WHEN withheld THEN 1 WHEN reason LIKE 'the service withheld %' THEN 2 ELSE 0 END,
        CASE
            WHEN withheld THEN 'budget'
            WHEN reason LIKE 'the service withheld %' THEN 'limit'
            WHEN reason = 'bowerbird was not running' THEN 'not-running'
            WHEN reason LIKE 'nothing came for %' THEN 'stall'
            WHEN reason LIKE '%cursor%' THEN 'cursor-lost'
            ELSE 'disconnect'
        END,
        from_at, until_at, reason, lost, state
    FROM gap;
DROP TABLE gap;
ALTER TABLE gap_4 RENAME TO gap;
-- Earned by: pages of gaps, newest first, of all sources and of one; what lasts, at every start; what is to be repaired next; what lies in a
-- span of time.
CREATE INDEX gap_by_time ON gap (from_at, gap);
CREATE INDEX gap_by_source ON gap (source, from_at, gap);
CREATE INDEX gap_lasting ON gap (family, gap) WHERE until_at IS NULL;
CREATE INDEX gap_to_repair ON gap (source, from_at, gap) WHERE state = 'open' AND until_at IS NOT NULL;
CREATE INDEX gap_by_end ON gap (until_at);

-- Posts that came by themselves through a source, by the minute in which they were received; those that a repair brought are left out. Says
-- what is usual for a source, and so what a gap may have lost.
CREATE TABLE source_minute (
    source INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (source, minute)
) STRICT, WITHOUT ROWID;

-- When the first record of a source came: before that nothing is known of it.
ALTER TABLE source ADD COLUMN first_at INTEGER;
UPDATE source SET first_at = (SELECT min(received_at) FROM post WHERE post.source = source.source);
