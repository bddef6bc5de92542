// What is to be forgotten, and what of it a post holds. No element is touched here: the shared worker uses it too.
//
// `what` is `{ key }` of a deleted post, or `{ author }` of an account that is gone: `service/id` both.

const keyOf = (service, id) => (id ? `${service}/${id}` : null);

/** Is the post it, or does it pass it on? */
export function isForgotten(post, what) {
  const { service, author, repost_of: original } = post;
  if (what.key) return post.key === what.key || keyOf(service, original?.id) === what.key;
  return keyOf(service, author.id) === what.author || keyOf(service, original?.author_id) === what.author;
}

/** Takes it out of the posts inside a post; says whether there was any. */
export function forgetInside(post, what) {
  const isGone = (inner) => (what.key ? inner.key === what.key : keyOf(inner.service, inner.author.id) === what.author);
  const gone = post.embedded.filter((inner) => !inner.deleted_at && isGone(inner));
  for (const inner of gone) {
    const author = { id: '', handle: '', name: '', verified: false, followers: null };
    Object.assign(inner, { author, text: '', entities: [], marks: [], deleted_at: new Date().toISOString() });
  }
  return gone.length > 0;
}

/** Could a post's JSON hold it? Tells without reading the JSON; `false` is certain. */
export function mayHold(json, what) {
  const key = what.key ?? what.author;
  return json.includes(JSON.stringify(key.slice(key.indexOf('/') + 1)));
}
