-- Version 1: everything a post, its people and its tracks need.
--
-- The same tables serve PostgreSQL: integers are bigint, TEXT is text, BLOB is bytea, every key is a number handed out by the
-- writer and not by the engine. Times are microseconds since 1970 in UTC. `post` numbers grow in the order of keeping, so that
-- "newest first" needs no index and PostgreSQL can part by range. There are no foreign keys: the one writer keeps the tables
-- together, and a check for each row of each batch would cost more than the row.
-- STRICT keeps numbers numbers, as PostgreSQL does. WITHOUT ROWID tables are those that are one index.

-- Of the store itself ---------------------------------------------------------------------------------------------------

-- `position`: offset of the last record committed. `next_post`: the next post's number. `change_number`: raised by every change
-- of tracks. `posts`, `tombstones`, `dead_letters`: how many there are. `unindexed`: 1 if posts
-- were ever kept without a text index. `unpurged`, `purging`: see `index.rs`.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value)
VALUES ('next_post', 1), ('change_number', 0), ('posts', 0), ('tombstones', 0), ('dead_letters', 0), ('unindexed', 0),
       ('unpurged', 0), ('purging', 0);

CREATE TABLE dictionary (
    number  INTEGER PRIMARY KEY,
    service TEXT NOT NULL UNIQUE,
    bytes   BLOB NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE service (
    service INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE
) STRICT;

-- A source by number, with what became of its records.
CREATE TABLE source (
    source    INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    kept      INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    refused   INTEGER NOT NULL DEFAULT 0,
    -- Sweeping: posts up to this number were looked at, under this many seconds of keeping.
    swept_to      INTEGER NOT NULL DEFAULT 0,
    swept_seconds INTEGER
) STRICT;

-- Which services' posts came through which source.
CREATE TABLE source_service (
    source  INTEGER NOT NULL,
    service INTEGER NOT NULL,
    PRIMARY KEY (source, service)
) STRICT, WITHOUT ROWID;

-- People ----------------------------------------------------------------------------------------------------------------

-- An identity on a service, as last seen. Empty text is unknown.
CREATE TABLE account (
    account     INTEGER PRIMARY KEY,
    service     INTEGER NOT NULL,
    id          TEXT NOT NULL,
    handle      TEXT NOT NULL DEFAULT '',
    name        TEXT NOT NULL DEFAULT '',
    bio         TEXT NOT NULL DEFAULT '',
    location    TEXT NOT NULL DEFAULT '',
    url         TEXT NOT NULL DEFAULT '',
    avatar      TEXT NOT NULL DEFAULT '',
    verified    INTEGER NOT NULL DEFAULT 0,
    protected   INTEGER NOT NULL DEFAULT 0,
    made_at     INTEGER,
    followers   INTEGER,
    following   INTEGER,
    posts       INTEGER,
    listed      INTEGER,
    seen_at     INTEGER NOT NULL,   -- when the above was received
    status      TEXT NOT NULL DEFAULT '',   -- the service's word for what became of it
    gone_at     INTEGER,            -- posts written until then are forgotten
    scrubbed_to TEXT NOT NULL DEFAULT '',   -- posts up to this id have lost their place
    withheld    TEXT NOT NULL DEFAULT '',   -- countries, parted by commas
    UNIQUE (service, id)
) STRICT;

-- Earned by: an author's posts by handle. In PostgreSQL on lower(handle).
CREATE INDEX account_by_handle ON account (handle COLLATE NOCASE) WHERE handle <> '';

-- Handles and display names an account was seen with besides those it has, with when that was.
CREATE TABLE name (
    account INTEGER NOT NULL,
    handle  TEXT NOT NULL,
    display TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (account, handle, display)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_by_handle ON name (handle COLLATE NOCASE) WHERE handle <> '';

CREATE TABLE persona (
    persona INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    note    TEXT NOT NULL DEFAULT '',
    made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE human (
    human   INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    note    TEXT NOT NULL DEFAULT '',
    made_at INTEGER NOT NULL
) STRICT;

-- Who stands behind what: `kind` is owns | participates | suspected. Undone rows stay, with when.
CREATE TABLE persona_control (
    persona_control INTEGER PRIMARY KEY,
    human     INTEGER,
    persona   INTEGER,
    account   INTEGER,
    kind      TEXT NOT NULL,
    evidence  TEXT NOT NULL DEFAULT '',
    made_at   INTEGER NOT NULL,
    undone_at INTEGER
) STRICT;

-- `kind` is follows | blocks | ignores. `id` is the service's id of the relationship event.
CREATE TABLE account_relationship (
    service    INTEGER NOT NULL,
    id         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    from_account INTEGER,
    to_account   INTEGER,
    changed_at INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    PRIMARY KEY (service, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE list (
    list    INTEGER PRIMARY KEY,
    service INTEGER,
    id      TEXT NOT NULL,
    owner   INTEGER,
    name    TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE list_membership (
    list    INTEGER NOT NULL,
    account INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (list, account)
) STRICT, WITHOUT ROWID;

-- Posts -----------------------------------------------------------------------------------------------------------------

-- One utterance. `version` is of the text that is here, and NULL where only the id is known; `own_version` is the
-- greatest that arrived by itself, and NULL for what was only carried inside another post or only named by a deletion.
-- `detail` is everything of a view that no query asks for (see `detail.rs`); NULL where the text is gone.
-- `flags` are in `flags.rs`. `erasure` says why the text is gone: 1 deleted, 2 superseded by an edit.
CREATE TABLE post (
    post        INTEGER PRIMARY KEY,
    service     INTEGER NOT NULL,
    id          TEXT NOT NULL,
    version     TEXT,
    own_version TEXT,
    source      INTEGER NOT NULL,
    author      INTEGER,
    made_at     INTEGER,
    received_at INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    lang        TEXT NOT NULL,
    text        TEXT NOT NULL,
    detail      BLOB,
    erasure     INTEGER,
    erased_at   INTEGER,
    withheld    TEXT
) STRICT;
-- Earned by: the same event a second time, deletions, links to a post.
CREATE UNIQUE INDEX post_by_id ON post (service, id);
-- Earned by: an account that is gone. Only for what was kept without a text index, which knows the author of all others.
CREATE INDEX post_by_author ON post (author) WHERE detail IS NOT NULL AND flags & 1024 = 0;

-- The bytes as they came, compressed: apart, so that rows stay small and erasing is one delete.
CREATE TABLE post_raw (
    post INTEGER PRIMARY KEY,
    raw  BLOB NOT NULL
) STRICT;

-- The text index: tokens made by the rules' tokenizer, parted by blanks, every other character part of a token. `facets` are what
-- queries ask for besides words (see `text.rs`); they grow as the text index does, at the end, where an index of its own
-- for each would be written all over. No copy of the text; what is removed, and when it has left the file,
-- is said in `index.rs`.
CREATE VIRTUAL TABLE post_text USING fts5 (
    text, facets,
    content = '', detail = full, columnsize = 1,
    tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);
-- Merging sixteen parts at a time writes every word about half as often as four at a time, for a little more work in a search.
INSERT INTO post_text (post_text, rank) VALUES ('automerge', 16), ('crisismerge', 32);

-- Which posts were written within an hour: bounds for a search by time, without an index on time. Never too narrow.
CREATE TABLE post_span (
    hour  INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT;

-- Which post stands how to which. `kind`: 0 reply-to, 1 quotes, 2 reposts. `carried`: the target's text came inside the post.
-- So far only what carries, and what reposts; the other references of a post are in its `detail`. Earned by: a deleted text is
-- erased wherever it was carried to, and what is carried is held by what carries it.
CREATE TABLE post_relationship (
    target  INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    post    INTEGER NOT NULL,
    carried INTEGER NOT NULL,
    PRIMARY KEY (target, kind, post)
) STRICT, WITHOUT ROWID;

-- `kind` is broadcast | to | cc | bcc.
CREATE TABLE post_distribution (
    post    INTEGER NOT NULL,
    account INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    PRIMARY KEY (post, account, kind)
) STRICT, WITHOUT ROWID;

-- `kind` is like | dislike | share | hide. `id` is the service's id of the interaction.
CREATE TABLE post_interaction (
    service    INTEGER NOT NULL,
    id         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    account    INTEGER,
    post_id    TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    PRIMARY KEY (service, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
    link    INTEGER PRIMARY KEY,
    url     TEXT NOT NULL UNIQUE,
    title   TEXT NOT NULL DEFAULT '',
    seen_at INTEGER NOT NULL
) STRICT;

-- For asking who mentioned what; the entities of one post are in its `detail`, hashtags in the text index.
-- `kind` is hashtag | mention | cashtag | link | media.
CREATE TABLE post_entity (
    kind  TEXT NOT NULL,
    value TEXT NOT NULL,
    post  INTEGER NOT NULL,
    PRIMARY KEY (kind, value, post)
) STRICT, WITHOUT ROWID;

-- Users, tracks, captures -------------------------------------------------------------------------------------------------

CREATE TABLE "user" (
    name       TEXT PRIMARY KEY,
    password   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A removed track keeps its row, so that its number is never given again and late captures of it are known as such.
CREATE TABLE track (
    track        INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    rule_version INTEGER NOT NULL,
    retention_seconds INTEGER,
    paused       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    removed_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX track_by_name ON track (name) WHERE removed_at IS NULL;

-- Every version of a track's rule; `sources` are names as a JSON array.
CREATE TABLE rule (
    track    INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    sources  TEXT NOT NULL,
    start_at INTEGER,
    end_at   INTEGER,
    made_at  INTEGER NOT NULL,
    PRIMARY KEY (track, version)
) STRICT, WITHOUT ROWID;

-- `received_at`: when the record that brought it came; for backfilled ones when they were made.
CREATE TABLE capture (
    post         INTEGER NOT NULL,
    track        INTEGER NOT NULL,
    rule_version INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    backfilled   INTEGER NOT NULL,
    PRIMARY KEY (post, track)
) STRICT, WITHOUT ROWID;
-- Earned by: a track's posts.
CREATE INDEX capture_by_track ON capture (track, post);
-- Earned by: letting go of what is past its retention. Backfilled captures are young ones of old posts, so the order of posts does not do.
CREATE INDEX capture_by_age ON capture (track, received_at);

-- Kept beside the captures, so that no number on a page needs them read.
CREATE TABLE capture_total (
    track      INTEGER PRIMARY KEY,
    captures   INTEGER NOT NULL,
    backfilled INTEGER NOT NULL,
    last_at    INTEGER
) STRICT;

-- Captures of a track by the minute their post was received (microseconds / 60,000,000); track 0: posts of all.
CREATE TABLE minute_count (
    track  INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (track, minute)
) STRICT, WITHOUT ROWID;

-- What was missed, what failed, what is to do -----------------------------------------------------------------------------

-- `state` is open | repaired | beyond-repair.
CREATE TABLE gap (
    gap      INTEGER PRIMARY KEY,
    source   INTEGER NOT NULL,
    from_at  INTEGER NOT NULL,
    until_at INTEGER,
    reason   TEXT NOT NULL,
    lost     INTEGER,
    state    TEXT NOT NULL DEFAULT 'open',
    UNIQUE (source, from_at)
) STRICT;

-- `bytes` are as the record carried them: `packed` frames, or whole records that a lane buried or that can't be read.
-- `fingerprint` is of the bytes unpacked: the same
-- from the same source is the same letter.
CREATE TABLE dead_letter (
    dead_letter INTEGER PRIMARY KEY AUTOINCREMENT,
    source      INTEGER NOT NULL,
    lane        TEXT,
    reason      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    excerpt     TEXT NOT NULL,
    packed      INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    UNIQUE (source, fingerprint)
) STRICT;

-- What looks like an id in a dead letter, so that a deletion finds it there too.
CREATE TABLE dead_letter_word (
    word        TEXT NOT NULL,
    dead_letter INTEGER NOT NULL,
    PRIMARY KEY (word, dead_letter)
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_letter_word_by_letter ON dead_letter_word (dead_letter);

CREATE TABLE job (
    job        INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    payload    BLOB NOT NULL,
    due_at     INTEGER NOT NULL,
    leased_until INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0,
    reason     TEXT NOT NULL DEFAULT '',
    made_at    INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE TABLE bill (
    bill    INTEGER PRIMARY KEY,
    source  INTEGER NOT NULL,
    track   INTEGER,
    day     INTEGER NOT NULL,
    what    TEXT NOT NULL,
    n       INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    currency    TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
    audit  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
