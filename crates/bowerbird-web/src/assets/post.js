// Builds a post's element from its JSON, the same as the server writes it. Everything from outside becomes text nodes.

import { clock, colour, element } from '/assets/api.js';

const LINK = { rel: 'noreferrer noopener nofollow', target: '_blank' };
const MEDIA = { image: 'Image', video: 'Video', animation: 'Animation' };
const NAMES = { quote: 'quoted post', repost: 'original' };
const isWebAddress = (address) => address.startsWith('https://') || address.startsWith('http://');
const keyOf = (service, id) => (id ? `${service}/${id}` : null);
const address = (service, id) => `/posts/${encodeURIComponent(service)}/${encodeURIComponent(id)}`;

/** The post's element; `tracks` maps numbers of tracks to their names. */
export function postElement(post, tracks) {
  const caught = post.captures.map((capture) => capture.track);
  const attributes = {
    class: 'post',
    'data-key': post.key,
    'data-author': keyOf(post.service, post.author.id),
    'data-original': keyOf(post.service, post.repost_of?.id),
    'data-original-author': keyOf(post.service, post.repost_of?.author_id),
    'data-tracks': caught.join(' '),
    tabindex: '-1',
  };
  const matchedIn = post.matched_in.length > 0 ? element('p', { class: 'matched-in' }, `Matched in ${post.matched_in.join(', ')}`) : null;
  return element(
    'article',
    attributes,
    head(post),
    ...context(post),
    text(post),
    attachments(post),
    ...post.embedded.map(embedded),
    matchedIn,
    foot(post, tracks),
  );
}

function who({ name, handle, verified }) {
  const who = element('span', { class: 'who' }, element('bdi', { class: 'name' }, name || handle));
  if (verified) who.append(element('span', { class: 'verified', role: 'img', 'aria-label': 'verified', title: 'verified by the service' }, '✓'));
  if (handle) who.append(' ', element('bdi', { class: 'handle' }, `@${handle}`));
  return who;
}

function head(post) {
  const when = element('a', { class: 'when', href: address(post.service, post.id) });
  if (post.made_at) {
    const written = element('span', { class: 'visually-hidden' }, 'written ');
    when.append(written, clock(post.made_at), element('span', { class: 'got' }, ' · got ', clock(post.received_at)));
  } else {
    when.append('got ', clock(post.received_at));
  }
  return element('header', { class: 'post-head' }, who(post.author), element('span', { class: 'post-meta' }, language(post), when));
}

const langOf = (post) => (post.lang && post.lang !== 'und' ? post.lang : null);

function language(post) {
  if (!langOf(post)) return null;
  const title = post.lang_detected ? 'language, detected here' : 'language, as the service says';
  return element('span', { class: 'lang', title }, post.lang, post.lang_detected ? '?' : '');
}

function context(post) {
  const line = (word, other) => {
    const who = other.author_handle ? `@${other.author_handle}` : '';
    const shown = element('bdi', {}, who || (other.id ? 'another post' : ''));
    const target = other.id ? element('a', { href: address(post.service, other.id) }, shown) : shown;
    return element('p', { class: 'context' }, `${word} `, target);
  };
  const lines = [];
  if (post.repost_of) lines.push(line('↻ Repost of', post.repost_of));
  if (post.reply_to) lines.push(line('↩ Reply to', post.reply_to));
  const isShown = (other) => post.embedded.some((inner) => inner.relation === 'quote' && inner.id === other.id);
  if (post.quote_of && !isShown(post.quote_of)) lines.push(line('❝ Quotes', post.quote_of));
  return lines;
}

/** A post that came inside, within the card. */
function embedded(inner) {
  const block = element('blockquote', { class: 'embedded', 'data-relation': inner.relation, 'data-key': inner.key, 'data-author': keyOf(inner.service, inner.author.id) });
  if (inner.deleted_at) {
    block.append(element('p', { class: 'gone' }, gone(inner.relation)));
    return block;
  }
  const sign = element('span', { 'aria-hidden': 'true' }, inner.relation === 'quote' ? '❝ ' : '↻ ');
  const when = element('a', { class: 'when', href: address(inner.service, inner.id) }, NAMES[inner.relation]);
  if (inner.made_at) when.append(', ', clock(inner.made_at));
  const body = fill(element('p', { class: 'embedded-text', dir: 'auto', lang: langOf(inner) }), inner);
  const head = element('header', { class: 'post-head' }, element('span', {}, sign, who(inner.author)), when);
  block.append(head, body, ...[attachments(inner)].filter(Boolean));
  return block;
}

const gone = (relation) => `The ${NAMES[relation]} was deleted; its text is gone.`;

/** Takes the text out of a block that shows a post inside another. */
export function goneInside(block) {
  block.removeAttribute('data-author');
  block.replaceChildren(element('p', { class: 'gone' }, gone(block.dataset.relation)));
}

function text(post) {
  if (post.deleted_at) return element('p', { class: 'text gone' }, 'This post was deleted; its text is gone.');
  return fill(element('p', { class: 'text', dir: 'auto', lang: langOf(post) }), post);
}

/** Puts a post's text into an element, with its marks and links. */
function fill(body, post) {
  for (const part of segments(post)) {
    const inner = part.marked ? element('mark', {}, part.text) : part.text;
    body.append(part.link ? element('a', { href: part.link, ...LINK }, inner) : inner);
  }
  return body;
}

/** Cuts the text where its look changes; offsets count Unicode code points. */
export function segments(post) {
  const characters = Array.from(post.text);
  const within = ([begin, end]) => [Math.min(begin, characters.length), Math.min(end, characters.length)];
  const marks = post.marks.map(within);
  const links = post.entities
    .filter((entity) => entity.kind === 'link')
    .map((entity) => [...within(entity.span), entity.target || entity.value])
    .filter(([begin, end, target]) => begin < end && isWebAddress(target));
  const cuts = new Set([0, characters.length]);
  for (const [begin, end] of [...marks, ...links]) cuts.add(begin).add(end);
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((end, place) => {
    const begin = sorted[place];
    const covers = ([first, last]) => first <= begin && end <= last;
    return { text: characters.slice(begin, end).join(''), marked: marks.some(covers), link: links.find(covers)?.[2] };
  });
}

function attachments(post) {
  const attached = post.entities.filter((entity) => MEDIA[entity.kind]);
  if (attached.length === 0) return null;
  const item = (entity) =>
    element('li', {}, element('span', { class: 'kind' }, MEDIA[entity.kind]), element('bdi', {}, entity.description || 'without a description'));
  return element('ul', { class: 'attachments' }, ...attached.map(item));
}

function foot(post, tracks) {
  const foot = element('footer', { class: 'post-foot' });
  const chip = (capture) => {
    const name = tracks.get(capture.track);
    if (!name) return null;
    const note = capture.backfilled ? element('span', { class: 'note' }, ' backfilled') : null;
    return element('li', {}, element('a', { class: `chip ${colour(capture.track)}`, href: `/tracks/${capture.track}` }, name, note));
  };
  if (post.captures.length > 0) foot.append(element('ul', { class: 'chips', 'aria-label': 'Caught by' }, ...post.captures.map(chip)));
  if (post.edited) foot.append(element('span', { class: 'tag' }, 'edited'));
  if (post.sensitive) foot.append(element('span', { class: 'tag' }, 'marked sensitive'));
  if (post.place) {
    const sign = element('span', { 'aria-hidden': 'true' }, '⌖ ');
    foot.append(element('span', { class: 'place' }, sign, element('bdi', {}, post.place.name)));
  }
  const source = post.service === post.source ? post.service : `${post.service} · ${post.source}`;
  foot.append(element('span', { class: 'source' }, source));
  return foot;
}
