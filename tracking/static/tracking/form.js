/* A form of Bareme comes to life: questions that depend on others, errors at their fields, files that are too large.
   The same on Bareme's own pages and in the embed script. */
function baremeForm(form) {
  'use strict';
  function all(selector, root) {
    return [].slice.call((root || form).querySelectorAll(selector));
  }

  // What depends on other answers is hidden and not sent. The server decides by the same rule.

  function given(key) {
    var texts = [];
    all('[name="' + key + '"]').forEach(function (control) {
      var ticks = control.type === 'checkbox' || control.type === 'radio';
      if (ticks && !control.checked) return;
      var value = ticks && !control.closest('fieldset') ? 'true' : control.value.trim().toLowerCase();
      if (value) texts.push(value);
    });
    return texts;
  }

  function holds(part) {
    var key = part.getAttribute('data-if'), how = part.getAttribute('data-how');
    var control = form.querySelector('[name="' + key + '"]');
    if (!control) return true;
    if (control.closest('[data-hides]')) return false;
    var texts = given(key);
    if (how === 'filled') return texts.length > 0;
    if (how === 'empty') return !texts.length;
    var wanted = JSON.parse(part.getAttribute('data-values')).map(function (value) { return value.trim().toLowerCase(); });
    return texts.some(function (text) { return wanted.indexOf(text) >= 0; }) === (how === 'is');
  }

  function decide() {
    all('[data-if]').forEach(function (part) {
      var hides = !holds(part);
      part.hidden = hides;
      part.toggleAttribute('data-hides', hides);
      all('input, select, textarea', part).forEach(function (control) { control.disabled = hides; });
    });
  }

  // Errors stand at their field and are tied to it.

  function mark(part, sentences) {
    var list = part.querySelector('.bareme-errors'), control = part.querySelector('input, select, textarea');
    if (!list) return null;
    list.replaceChildren.apply(list, sentences.map(function (sentence) {
      var item = document.createElement('li');
      item.textContent = sentence;
      return item;
    }));
    list.hidden = !sentences.length;
    var target = part.querySelector('fieldset') || control;
    var ids = (target.getAttribute('aria-describedby') || '').split(' ').filter(function (id) { return id && id !== list.id; });
    if (sentences.length) ids.push(list.id);
    set(target, 'aria-describedby', ids.join(' '));
    all('input, select, textarea', part).forEach(function (one) { set(one, 'aria-invalid', sentences.length ? 'true' : ''); });
    return sentences.length ? control : null;
  }

  function set(element, name, value) {
    if (value) element.setAttribute(name, value);
    else element.removeAttribute(name);
  }

  // An error goes as soon as its field is right, and the sentence above with the last of them. Of several boxes no single one is
  // required, so the browser does not say that one must be ticked.
  function correct(part) {
    if (!part || part.querySelector(':invalid') || !part.querySelector('.bareme-optional') && !given(part.dataset.key)[0]) return;
    mark(part, []);
    form.querySelector('.bareme-alert').hidden = !form.querySelector('[aria-invalid]');
  }

  function tooLarge() {
    return all('input[type=file]').filter(function (input) {
      var large = !input.disabled && input.files[0] && input.files[0].size > Number(input.getAttribute('data-max'));
      var part = input.closest('.bareme-field');
      if (large) mark(part, [input.getAttribute('data-large')]);
      return large;
    })[0];
  }

  function put(name, value) {
    var input = form.querySelector('input[name=' + name + ']');
    if (!input) {
      input = document.createElement('input');
      input.type = 'hidden';
      input.name = name;
      form.appendChild(input);
    }
    input.value = String(value);
  }

  function changed(event) {
    decide();
    correct(event.target.closest('.bareme-field'));
    if (event.target.type === 'file') tooLarge();
  }

  form.addEventListener('input', changed);
  form.addEventListener('change', changed);
  window.addEventListener('pageshow', function (event) { // the back button brings answers back without saying so
    if (event.persisted && form.hasAttribute('data-kiosk')) location.reload(); // at a stand, to somebody else
    decide();
  });
  decide();
  return {mark: mark, put: put, tooLarge: tooLarge};
}

// An element from what the server says of it: [name, attributes, children…]. A page may forbid to read HTML from a text.
function baremeBuild(tree) {
  'use strict';
  var made = document.createElement(tree[0]);
  Object.keys(tree[1]).forEach(function (name) { made.setAttribute(name, tree[1][name]); });
  tree.slice(2).forEach(function (child) { made.append(typeof child === 'string' ? child : baremeBuild(child)); });
  return made;
}
