-- Version 3: what priced calls cost, and spans in which a track was not asked for.

-- Nothing wrote to it.
DROP TABLE bill;

-- A source's bill by UTC day (days since 1970). `what` is post | counts; `n` calls cost `cost` millionths of a dollar together.
CREATE TABLE bill (
    source INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    what   TEXT NOT NULL,
    n      INTEGER NOT NULL,
    cost   INTEGER NOT NULL,
    PRIMARY KEY (source, day, what)
) STRICT, WITHOUT ROWID;

-- The same, by whom it was for: a shared call counts for each of its tracks, its cost is split among them. Track 0: nobody's.
CREATE TABLE bill_share (
    source INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    track  INTEGER NOT NULL,
    what   TEXT NOT NULL,
    n      INTEGER NOT NULL,
    cost   INTEGER NOT NULL,
    PRIMARY KEY (source, day, track, what)
) STRICT, WITHOUT ROWID;

-- Kept beside, so that budgets are looked after, several times a second, without adding up days. `month`: its first day. Track 0:
-- nobody's.
CREATE TABLE bill_month (
    source INTEGER NOT NULL,
    month  INTEGER NOT NULL,
    track  INTEGER NOT NULL,
    cost   INTEGER NOT NULL,
    PRIMARY KEY (source, month, track)
) STRICT, WITHOUT ROWID;
-- The same of all time.
CREATE TABLE bill_total (
    source INTEGER NOT NULL,
    track  INTEGER NOT NULL,
    cost   INTEGER NOT NULL,
    PRIMARY KEY (source, track)
) STRICT, WITHOUT ROWID;

-- Calls that were charged: the same again on the same day costs nothing. Days past are swept away.
CREATE TABLE billed (
    day    INTEGER NOT NULL,
    source INTEGER NOT NULL,
    what   TEXT NOT NULL,
    id     TEXT NOT NULL,
    PRIMARY KEY (day, source, what, id)
) STRICT, WITHOUT ROWID;

-- The most that may be spent for a track, in millionths of a dollar; NULL for no limit.
ALTER TABLE track ADD COLUMN budget_day INTEGER;
ALTER TABLE track ADD COLUMN budget_month INTEGER;
ALTER TABLE track ADD COLUMN budget_total INTEGER;

-- A gap may be one track's (track 0: the whole source's), and be there because a budget was spent (`withheld`).
CREATE TABLE gap_3 (
    gap      INTEGER PRIMARY KEY,
    source   INTEGER NOT NULL,
    track    INTEGER NOT NULL DEFAULT 0,
    withheld INTEGER NOT NULL DEFAULT 0,
    from_at  INTEGER NOT NULL,
    until_at INTEGER,
    reason   TEXT NOT NULL,
    lost     INTEGER,
    state    TEXT NOT NULL DEFAULT 'open',
    UNIQUE (source, track, withheld, from_at)
) STRICT;
INSERT INTO gap_3 (gap, source, from_at, until_at, reason, lost, state)
    SELECT gap, source, from_at, until_at, reason, lost, state FROM gap;
DROP TABLE gap;
ALTER TABLE gap_3 RENAME TO gap;
-- Earned by: pages of gaps, newest first, of all sources and of one; and who waits, at every start.
CREATE INDEX gap_by_time ON gap (from_at, gap);
CREATE INDEX gap_by_source ON gap (source, from_at, gap);
CREATE INDEX gap_withheld ON gap (gap) WHERE withheld AND until_at IS NULL;

-- Posts that something carried whose text is gone or another now: the next sweep asks once more what holds them.
CREATE TABLE loose (
    post INTEGER PRIMARY KEY
) STRICT;
