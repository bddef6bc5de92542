// Looks at a rule while it is typed: what it says, what is wrong and where, and what it would have caught.

import { ask, element, number, plural } from '/assets/api.js';
import { postElement } from '/assets/post.js';

/** How long typing must rest before the rule is looked at, in milliseconds. */
const REST = 250;

/** Makes every rule box on the page live; calls `onChecked(check, rule)` after each look. */
export function watchRules(tracks, onChecked = () => {}) {
  for (const box of document.querySelectorAll('[data-rule-box]')) watch(box, tracks, onChecked);
}

function watch(box, tracks, onChecked) {
  const field = box.querySelector('textarea');
  let timer = null;
  let running = null;
  const look = async () => {
    running?.abort();
    running = new AbortController();
    const rule = field.value;
    if (rule.trim() === '') {
      clear(box);
      return;
    }
    try {
      const check = await ask('POST', '/rules/check', { rule, samples: 5 }, running.signal);
      if (field.value !== rule) return;
      const plans = box.dataset.forX && check.ok ? await plan(box, rule, running.signal) : [];
      if (field.value !== rule) return;
      show(box, rule, check, plans, tracks);
      onChecked(check, rule);
    } catch (error) {
      if (error.name !== 'AbortError') says(box, element('p', {}, error.message));
    }
  };
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, REST);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
  if (field.value) look();
}

/** What saving this rule would do to the rules at X; nothing where that can't be told. */
async function plan(box, rule, signal) {
  const id = box.closest('[data-track]')?.dataset.track;
  try {
    const { plans } = await ask('POST', '/plan', { id, rule }, signal);
    return plans;
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return [];
  }
}

/** Forgets what was said. */
export function clear(box) {
  says(box);
  showError(box, '', null);
  box.querySelector('.rule-samples').hidden = true;
}

function says(box, ...children) {
  box.querySelector('.rule-says').replaceChildren(...children);
}

function show(box, rule, check, plans, tracks) {
  showError(box, rule, check.error);
  box.querySelector('.rule-samples').hidden = true;
  if (!check.ok) {
    says(box);
    return;
  }
  const { looked_at, caught, samples } = check.preview;
  const share = looked_at === 0 ? 'No posts have come yet to try it on.' : `Would have caught ${number(caught)} of the last ${plural(looked_at, 'post', 'posts')}.`;
  const onX = box.dataset.forX ? check.x_problems : [];
  const problems = [...check.warnings, ...onX.map((problem) => ({ ...problem, message: `on X: ${problem.message}` }))];
  says(
    box,
    element('p', { class: 'caught' }, share),
    element('p', { class: 'explanation' }, check.explanation),
    ...check.costs.map((cost) => costLine(rule, cost)),
    ...problems.map((problem) => element('p', { class: 'advice' }, `${problem.message}${problem.hint ? ` (${problem.hint})` : ''}`)),
    ...(box.dataset.forX && check.x_asks !== null ? [asksLine(check.x_asks)] : []),
    ...plans.map(({ summary }) => element('p', { class: 'plan' }, summary)),
  );
  const list = box.querySelector('.rule-samples');
  list.hidden = samples.length === 0;
  list.querySelector('.posts').replaceChildren(...samples.map((post) => postElement(post, tracks)));
}

/** What X is asked for in place of a rule that it would not take. */
function asksLine(asked) {
  if (asked === '') return element('p', { class: 'explanation' }, 'X is asked for nothing: no post of X can match it.');
  return element('p', { class: 'explanation' }, 'X is asked for ', element('code', {}, asked), '; what comes is matched here.');
}

/** What the rule would cost on one source, and how to ask its service. */
function costLine(rule, { source, post, forecast, counts }) {
  const told = element('span', {}, forecast
    ? `On ${source} at least ${perDay(forecast)}, by what is kept.`
    : `On ${source} each post costs $${post}; too little is kept of it to say how many would come.`);
  const line = element('p', { class: 'cost' }, told);
  if (counts === null) return line;
  const button = element('button', { type: 'button', class: 'quiet' }, `Ask ${source} ($${counts})`);
  button.addEventListener('click', async () => {
    button.disabled = true;
    told.textContent = `Asking ${source} …`;
    try {
      const answer = await ask('POST', '/rules/counts', { rule, source });
      told.textContent = answer.forecast
        ? `By ${source}'s own counts ${perDay(answer.forecast)}: ${plural(answer.posts, 'post', 'posts')} in the last ${Math.round(answer.forecast.days)} days. Asking cost $${answer.cost}.`
        : `${source} counted ${plural(answer.posts, 'post', 'posts')}. Asking cost $${answer.cost}.`;
      button.remove();
    } catch (error) {
      told.textContent = error.message;
      button.disabled = false;
    }
  });
  line.append(' ', button);
  return line;
}

function perDay({ calls_per_day: posts, cost_per_day: cost }) {
  return `${plural(Math.round(posts), 'post', 'posts')} and $${Number(cost).toFixed(2)} a day`;
}

/** The rule again with the place of the error marked, and what is wrong there. */
export function showError(box, rule, error) {
  const shown = box.querySelector('.rule-error');
  const field = box.querySelector('textarea');
  shown.hidden = !error;
  field.setAttribute('aria-invalid', String(Boolean(error)));
  if (!error) {
    shown.replaceChildren();
    return;
  }
  const characters = Array.from(rule);
  const begin = error.position - 1;
  const length = error.length ?? 1;
  const marked = characters.slice(begin, begin + length).join('') || ' ';
  const around = [characters.slice(Math.max(0, begin - 60), begin).join(''), characters.slice(begin + length, begin + length + 60).join('')];
  shown.replaceChildren(
    element('code', { class: 'where' }, around[0], element('mark', { class: 'wrong' }, marked), around[1]),
    element('span', {}, `At character ${error.position}: ${error.message}.`),
    error.hint ? element('span', { class: 'advice' }, ` ${error.hint}`) : '',
  );
}
