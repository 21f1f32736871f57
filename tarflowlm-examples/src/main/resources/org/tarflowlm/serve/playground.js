import {models, post, stream} from './client.js';

const $ = id => document.getElementById(id);
const GAP = /\[(\d{1,4})\]/;
const PASS_MILLIS = 700;
const HOTTEST = 8;
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

let known = [];
let running = null;
let passes = [];
// The text on the page: before and after come from the reader, pieces from the model, one per token.
let shown = {before: '', pieces: [], after: '', changed: new Set()};
let written = false;
let timer = 0;

const model = () => known.find(each => each.id === $('model').value);
const hasFlows = () => model().flows.length > 0;

function say(text, isError = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', isError);
}

/** Runs one request at a time: a new request cancels the previous one, and the server stops computing it. */
async function run(what, work) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  $('stop').disabled = false;
  say(what);
  try {
    await work(mine.signal);
    if (running === mine) {
      say('Done.');
    }
  } catch (failure) {
    if (running === mine) {
      say(failure.name === 'AbortError' ? 'Stopped.' : failure.message, failure.name !== 'AbortError');
    }
  } finally {
    if (running === mine) {
      running = null;
      $('stop').disabled = true;
    }
  }
}

/** Brings a text to the tokenizer's alphabet: text8 has only the letters a to z and the space. */
function readable(text) {
  return model().tokenizer === 'text8' ? text.toLowerCase().replace(/[^a-z[\]\d]+/g, ' ') : text;
}

function dials() {
  const result = {model: model().id, seed: Number($('seed').value)};
  if ($('temperature').value !== '1') {
    result.temperature = Number($('temperature').value);
  }
  if (hasFlows() && $('noise').value !== '1') {
    result.noise_temperature = Number($('noise').value);
  }
  return result;
}

/** Rounds a number of tokens up to whole patches. */
function inPatches(tokens) {
  const patch = model().patch_size;
  return Math.max(1, Math.ceil(tokens / patch)) * patch;
}

function write() {
  const prompt = readable($('prompt').value);
  $('prompt').value = prompt;
  const gap = GAP.exec(prompt);
  if (gap) {
    return fill(prompt.slice(0, gap.index), inPatches(Number(gap[1])), prompt.slice(gap.index + gap[0].length));
  }
  return proceed(prompt, Number($('length').value));
}

function proceed(prompt, length) {
  return run('Writing ...', async signal => {
    const body = {...dials(), prompt, max_tokens: inPatches(length)};
    if (!hasFlows() || $('streaming').checked) {
      setPasses([]);
      show({before: prompt, pieces: [], after: '', changed: new Set()});
      await stream(body, text => {
        shown.pieces.push(...text);
        show(shown);
      }, signal);
      await scoreIfAsked(signal);
      return;
    }
    const answer = await post('v1/flows', body, signal);
    await play(answer.choices[0], prompt, '', signal);
  });
}

function fill(before, gap, after) {
  return run('Filling the gap ...', async signal => {
    const answer = await post('v1/infill', {...dials(), prompt: before, gap, suffix: after, flows: true,
      refinements: Number($('refinements').value)}, signal);
    await play(answer.choices[0], before, after, signal);
  });
}

function setPasses(all, before = '', after = '') {
  passes = all.map(pass => ({...pass, before, after}));
  $('passes').hidden = passes.length === 0;
  $('pass').max = Math.max(0, passes.length - 1);
}

async function play(choice, before, after, signal) {
  setPasses(choice.passes, before, after);
  await playPasses(signal);
  await scoreIfAsked(signal);
}

async function playPasses(signal) {
  for (let i = stillness.matches ? passes.length - 1 : 0; i < passes.length; i++) {
    showPass(i);
    if (i < passes.length - 1) {
      await new Promise(resolve => setTimeout(resolve, PASS_MILLIS));
      signal?.throwIfAborted();
    }
  }
}

function showPass(i) {
  const pass = passes[i];
  $('pass').value = i;
  $('pass').setAttribute('aria-valuetext', pass.source);
  $('source').textContent = i === 0 ? 'Noise, decoded' : 'After ' + pass.source;
  $('changes').textContent = i === 0 ? 'No flow has changed it yet.'
    : `It changed ${pass.changed.length} of ${pass.pieces.length} tokens, which are marked.`;
  show({before: pass.before, pieces: pass.pieces, after: pass.after, changed: new Set(pass.changed)});
}

function show(what) {
  shown = what;
  written = true;
  $('result').hidden = false;
  const text = $('text');
  const at = [...text.children].findIndex(each => each === document.activeElement);
  text.classList.remove('heat');
  $('score').textContent = '';
  text.replaceChildren(...[...what.before].map(each => token(each, 'given')),
    ...what.pieces.map((each, t) => token(each, what.changed.has(t) ? 'changed' : '')),
    ...[...what.after].map(each => token(each, 'given')));
  text.children[Math.max(0, at)]?.setAttribute('tabindex', '0');
  if (at >= 0) {
    text.children[at]?.focus();
  }
}

function token(piece, kind) {
  const span = document.createElement('span');
  span.className = 'token ' + kind;
  span.textContent = piece;
  span.setAttribute('role', 'button');
  span.setAttribute('tabindex', '-1');
  span.setAttribute('aria-label', piece === ' ' ? 'space' : piece);
  return span;
}

/** Keeps the text before a character, and rewrites the rest. */
function resample(span) {
  const tokens = [...$('text').children];
  const at = tokens.indexOf(span);
  const before = tokens.slice(0, at).map(each => each.textContent).join('');
  const length = Math.max(shown.pieces.length + [...shown.before].length - at, 8);
  newSeed();
  return proceed(before, length);
}

function newSeed() {
  $('seed').value = Math.floor(Math.random() * 1e9);
}

async function scoreIfAsked(signal) {
  $('legend').hidden = !$('surprisal').checked;
  $('text').classList.remove('heat');
  const text = [...$('text').children].map(each => each.textContent).join('');
  if (!$('surprisal').checked || text === '') {
    return;
  }
  const score = (await post('v1/score', {model: model().id, input: text, per_token: true}, signal)).data[0];
  const bits = spread(score);
  [...$('text').children].forEach((span, i) => {
    span.style.setProperty('--bits', Math.min(1, (bits[i] ?? 0) / HOTTEST));
    span.title = bits[i] === undefined ? '' : bits[i].toFixed(2) + ' bits';
    span.setAttribute('aria-label', `${span.textContent === ' ' ? 'space' : span.textContent}, ${span.title}`);
  });
  $('text').classList.add('heat');
  $('score').textContent = `${score.bound === 'EXACT' ? '' : 'At most '}${score.bits_per_character.toFixed(3)} bits per character`
    + (score.bound === 'EXACT' ? '.' : ' (an upper bound).');
}

/** The bits of each shown piece; the score may split the text into other tokens. */
function spread(score) {
  const ends = [];
  let end = 0;
  score.pieces.forEach(piece => ends.push(end += [...piece].length));
  let at = 0;
  let t = 0;
  return [...$('text').children].map(span => {
    while (t < ends.length - 1 && ends[t] <= at) {
      t++;
    }
    at += [...span.textContent].length;
    return score.bits[t];
  });
}

async function walk() {
  let from = readable($('from').value).trim();
  let to = readable($('to').value).trim();
  $('from').value = from;
  $('to').value = to;
  await run('Interpolating ...', async signal => {
    const length = inPatches(Math.max(from.length, to.length));
    from = from.padEnd(length);
    to = to.padEnd(length);
    const answer = await post('v1/interpolate', {model: model().id, from, to, steps: 9, seed: Number($('seed').value)}, signal);
    $('walked').hidden = false;
    $('step').max = answer.texts.length - 1;
    $('step').value = 0;
    $('step').oninput = () => {
      document.querySelector('output[for=step]').textContent = `${$('step').value} of ${$('step').max}`;
      $('walk-text').textContent = answer.texts[Number($('step').value)];
    };
    $('step').oninput();
    $('step').focus();
  });
}

function changeModel() {
  document.querySelectorAll('.flow').forEach(each => each.hidden = !hasFlows() || each.id === 'passes' && passes.length === 0);
  const flows = model().flows;
  $('about').textContent = (model().description ?? '').replace(/(\w)$/, '$1. ')
    + (flows.length ? 'Flows: ' + flows.join('; ') + '.' : 'Discrete: it has no flows.');
  $('streaming').checked = !hasFlows();
  $('streaming').disabled = !hasFlows();
}

function later(work) {
  clearTimeout(timer);
  timer = setTimeout(work, 250);
}

$('form').addEventListener('submit', event => { event.preventDefault(); write(); });
$('walk-form').addEventListener('submit', event => { event.preventDefault(); walk(); });
$('again').addEventListener('click', () => { newSeed(); write(); });
$('stop').addEventListener('click', () => running?.abort());
$('model').addEventListener('change', changeModel);
$('pass').addEventListener('input', () => showPass(Number($('pass').value)));
$('play').addEventListener('click', () => playPasses());
$('surprisal').addEventListener('change', () => run('Scoring ...', scoreIfAsked));
document.querySelectorAll('.dials input[type=range]').forEach(dial => {
  const tell = () => document.querySelector(`output[for=${dial.id}]`).textContent = dial.value;
  dial.addEventListener('input', () => { tell(); if (written) { later(write); } });
  tell();
});
$('text').addEventListener('click', event => {
  if (event.target.classList.contains('token')) {
    resample(event.target);
  }
});
$('text').addEventListener('keydown', event => {
  const tokens = [...$('text').children];
  const at = tokens.indexOf(document.activeElement);
  const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1}[event.key];
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    resample(tokens[at]);
  } else if (to !== undefined && tokens[to]) {
    event.preventDefault();
    tokens[at]?.setAttribute('tabindex', '-1');
    tokens[to].setAttribute('tabindex', '0');
    tokens[to].focus();
  }
});

try {
  known = await models();
  known.forEach(each => $('model').append(new Option(each.id, each.id)));
  changeModel();
  say('Ready.');
} catch (failure) {
  say(failure.message, true);
}
