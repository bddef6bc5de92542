-- Known text is never overwritten by unknown; an older profile only fills what is blank.
INSERT INTO account (service, id, handle, name, bio, location, url, avatar, verified, protected, made_at, followers,
                     following, posts, listed, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT (service, id) DO UPDATE SET
    handle    = iif(excluded.handle   <> '' AND (excluded.seen_at >= seen_at OR handle   = ''), excluded.handle, handle),
    name      = iif(excluded.name     <> '' AND (excluded.seen_at >= seen_at OR name     = ''), excluded.name, name),
    bio       = iif(excluded.bio      <> '' AND (excluded.seen_at >= seen_at OR bio      = ''), excluded.bio, bio),
    location  = iif(excluded.location <> '' AND (excluded.seen_at >= seen_at OR location = ''), excluded.location, location),
    url       = iif(excluded.url      <> '' AND (excluded.seen_at >= seen_at OR url      = ''), excluded.url, url),
    avatar    = iif(excluded.avatar   <> '' AND (excluded.seen_at >= seen_at OR avatar   = ''), excluded.avatar, avatar),
    verified  = iif(excluded.seen_at >= seen_at AND excluded.handle <> '', excluded.verified, verified),
    protected = iif(excluded.seen_at >= seen_at AND excluded.handle <> '', excluded.protected, protected),
    made_at   = coalesce(excluded.made_at, made_at),
    followers = iif(excluded.seen_at >= seen_at, coalesce(excluded.followers, followers), coalesce(followers, excluded.followers)),
    following = iif(excluded.seen_at >= seen_at, coalesce(excluded.following, following), coalesce(following, excluded.following)),
    posts     = iif(excluded.seen_at >= seen_at, coalesce(excluded.posts, posts), coalesce(posts, excluded.posts)),
    listed    = iif(excluded.seen_at >= seen_at, coalesce(excluded.listed, listed), coalesce(listed, excluded.listed)),
    seen_at   = max(seen_at, excluded.seen_at)
RETURNING account, gone_at, scrubbed_to
