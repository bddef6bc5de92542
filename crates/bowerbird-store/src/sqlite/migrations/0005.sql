-- Version 5: other ids of posts, by which a service means them later (an instance of Mastodon deletes by its own numbers). `id` is the
-- post's, which may not have come.
CREATE TABLE post_alias (
    service INTEGER NOT NULL,
    alias   TEXT NOT NULL,
    id      TEXT NOT NULL,
    PRIMARY KEY (service, alias)
) STRICT, WITHOUT ROWID;
-- Earned by: a post that is let go takes its other ids along.
CREATE INDEX post_alias_by_id ON post_alias (service, id);
