// The stream of posts on a page: newest on top, held back while somebody reads, never more than the page can bear.

import { announce, number, plural } from '/assets/api.js';
import { forgetInside, isForgotten } from '/assets/forget.js';
import { goneInside, postElement } from '/assets/post.js';

/** How often waiting posts are put on the page, in milliseconds, and how many at a time. */
const EVERY = 200;
const AT_ONCE = 6;
/** Posts on the page, and waiting while it is paused. */
const MOST_SHOWN = 120;
const MOST_WAITING = 300;
/** How often a screen reader is told what came, in milliseconds. */
const ANNOUNCE = 20_000;

/** Manages `#feed` and its controls. */
export class Feed {
  /** `isWanted(post)` filters; `tracks` maps numbers of tracks to names. */
  constructor({ tracks, isWanted }) {
    this.tracks = tracks;
    this.isWanted = isWanted;
    this.root = document.getElementById('feed');
    this.fresh = document.getElementById('fresh');
    this.missedNote = document.getElementById('missed');
    this.pauseButton = document.getElementById('pause');
    this.waiting = [];
    this.notShown = 0;
    this.unannounced = 0;
    this.pausedByHand = false;
    this.hovered = false;
    this.listen();
    setInterval(() => this.show(), EVERY);
    setInterval(() => this.tell(), ANNOUNCE);
  }

  listen() {
    this.fresh?.addEventListener('click', () => this.catchUp());
    this.root.addEventListener('pointerenter', (event) => (this.hovered = event.pointerType === 'mouse'));
    this.root.addEventListener('pointerleave', () => (this.hovered = false));
    if (!this.pauseButton) return;
    this.pauseButton.hidden = false;
    this.pauseButton.addEventListener('click', () => this.pause(!this.pausedByHand));
  }

  pause(paused) {
    this.pausedByHand = paused;
    this.pauseButton.setAttribute('aria-pressed', String(paused));
    this.pauseButton.textContent = paused ? 'Go on' : 'Pause';
  }

  /** Somebody reads: the page was scrolled past the beginning of the posts, the pointer rests on them, or the focus is among them. */
  isHeld() {
    const isScrolled = this.root.getBoundingClientRect().top < -40;
    return this.pausedByHand || this.hovered || isScrolled || this.root.contains(document.activeElement);
  }

  /** Takes an event of the stream. */
  take(kind, data) {
    if (kind === 'missed') this.miss(data.missed);
    else if (kind === 'delete' || kind === 'gone') this.forget(data);
    else if (kind === 'edit' && this.replace(data)) return;
    else if (this.isWanted(data)) this.wait(data);
  }

  wait(post) {
    this.waiting.push(post);
    this.unannounced += 1;
    if (this.waiting.length > MOST_WAITING) this.miss(this.waiting.splice(0, this.waiting.length - MOST_WAITING).length);
  }

  miss(count) {
    this.notShown += count;
    if (!this.missedNote) return;
    this.missedNote.hidden = false;
    const link = Object.assign(document.createElement('a'), { href: '/search', textContent: 'search has them' });
    this.missedNote.replaceChildren(`${plural(this.notShown, 'post', 'posts')} not shown live — `, link);
  }

  /** Takes a deleted post, or all of an account that is gone, from the page: with what passes it on, and out of what quotes it. */
  forget(what) {
    this.waiting = this.waiting.filter((post) => !isForgotten(post, what));
    for (const post of this.waiting) forgetInside(post, what);
    // The samples of a rule are posts on the page too.
    for (const card of document.querySelectorAll('article.post')) {
      const { key, author, original, originalAuthor } = card.dataset;
      const shown = what.key ? [key, original] : [author, originalAuthor];
      if (shown.includes(what.key ?? what.author)) {
        card.remove();
        continue;
      }
      for (const inner of card.querySelectorAll('.embedded')) {
        const isIt = what.key ? inner.dataset.key === what.key : inner.dataset.author === what.author;
        if (isIt) goneInside(inner);
      }
    }
  }

  /** Puts a later version in place of the one shown or waiting; says whether there was one. */
  replace(post) {
    const place = this.waiting.findIndex((known) => known.key === post.key);
    if (place >= 0) this.waiting[place] = post;
    const shown = this.find(post.key);
    shown?.replaceWith(postElement(post, this.tracks));
    return place >= 0 || Boolean(shown);
  }

  find(key) {
    return [...this.root.children].find((child) => child.dataset.key === key);
  }

  /** Puts waiting posts on the page, unless somebody reads. */
  show() {
    if (this.isHeld()) {
      this.sayWaiting();
      return;
    }
    if (this.waiting.length > AT_ONCE * 3) {
      const skipped = this.waiting.splice(0, this.waiting.length - AT_ONCE);
      this.miss(skipped.length);
    }
    this.put(this.waiting.splice(0, AT_ONCE));
    this.sayWaiting();
  }

  put(posts) {
    if (posts.length === 0) return;
    document.getElementById('nothing-yet')?.remove();
    const known = new Set([...this.root.children].map((child) => child.dataset.key));
    // One that waits twice (a greeting and the stream may both bring it) comes once.
    const fresh = posts.filter((post) => !known.has(post.key) && known.add(post.key)).reverse();
    this.root.prepend(...fresh.map((post) => postElement(post, this.tracks)));
    while (this.root.children.length > MOST_SHOWN) this.root.lastElementChild.remove();
  }

  sayWaiting() {
    if (!this.fresh) return;
    this.fresh.hidden = this.waiting.length === 0;
    this.fresh.textContent = `${number(this.waiting.length)} new`;
  }

  /** Shows everything that waits and goes back to the top. */
  catchUp() {
    const newest = this.waiting.splice(-MOST_SHOWN);
    if (this.waiting.length > 0) this.miss(this.waiting.splice(0).length);
    this.put(newest);
    if (this.pausedByHand) this.pause(false);
    document.activeElement?.blur();
    this.root.parentElement.scrollIntoView({ block: 'start' });
    this.sayWaiting();
  }

  /** Puts other posts in place of all, as when the filter changes. */
  reset(posts) {
    this.waiting = [];
    this.root.replaceChildren(...posts.map((post) => postElement(post, this.tracks)));
  }

  tell() {
    if (this.unannounced > 0 && document.visibilityState === 'visible') announce(plural(this.unannounced, 'new post', 'new posts'));
    this.unannounced = 0;
  }
}
