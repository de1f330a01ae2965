/* Bareme's own pages: what a form in a frame asks of the page around it, and the small comforts that need a script. */
(function () {
  'use strict';
  var form = document.querySelector('form.bareme-form');

  // In a frame: tell the page around how high we are, and learn from its bareme.js who the visitor is.
  if (window.parent !== window) {
    var tellHeight = function () {
      window.parent.postMessage({bareme: 'height', height: document.documentElement.offsetHeight}, '*');
    };
    new ResizeObserver(tellHeight).observe(document.documentElement);
    window.addEventListener('message', function (event) {
      if (event.source !== window.parent || !event.data || event.data.bareme !== 'visitor' || !form) return;
      set('bareme_visitor', event.data.visitor);
      set('bareme_page', event.data.page);
    });
    var ask = function () {
      tellHeight();
      window.parent.postMessage({bareme: 'who'}, '*');
    };
    ask();
    document.addEventListener('focusin', ask, {once: true}); // its script may have come later than our page
  }

  function set(name, value) {
    var input = form.querySelector('input[name=' + name + ']');
    if (!input) {
      input = document.createElement('input');
      input.type = 'hidden';
      input.name = name;
      form.appendChild(input);
    }
    input.value = String(value);
  }

  // Browsers do not heed autofocus in a frame: take the reader to the first error ourselves.
  var wrong = document.querySelector('[autofocus]');
  if (wrong && document.activeElement !== wrong) wrong.focus();

  // A second press of the button while the first is under way does nothing.
  if (form) {
    form.addEventListener('submit', function (event) {
      if (form.hasAttribute('aria-busy')) event.preventDefault();
      form.setAttribute('aria-busy', 'true');
    });
    window.addEventListener('pageshow', function () { form.removeAttribute('aria-busy'); });
  }

  var onward = document.querySelector('[data-bareme-redirect]');
  if (onward) {
    try { window.top.location.href = onward.href; } catch (error) { /* the link is there */ }
  }

  // The pass of a tracked link does not stay in the address bar, where it might be copied and shared.
  var url = new URL(window.location.href);
  if (url.searchParams.has('bm')) {
    url.searchParams.delete('bm');
    window.history.replaceState(null, '', url.href);
  }
})();
