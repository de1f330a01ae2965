/* Bareme's own pages: what a form in a frame asks of the page around it, and the small comforts that need a script. */
(function () {
  'use strict';
  var form = document.querySelector('form.bareme-form');
  var life = form && baremeForm(form);
  var work = form && baremeWork(form, life.put);

  // In a frame: tell the page around how high we are, and learn from its bareme.js who the visitor is.
  if (window.parent !== window) {
    var tellHeight = function () {
      window.parent.postMessage({bareme: 'height', height: document.documentElement.offsetHeight}, '*');
    };
    new ResizeObserver(tellHeight).observe(document.documentElement);
    window.addEventListener('message', function (event) {
      if (event.source !== window.parent || !event.data || !form) return;
      if (event.data.bareme === 'refused') life.put('bareme_consent', event.data.consent);
      if (event.data.bareme !== 'visitor') return;
      life.put('bareme_visitor', event.data.visitor);
      life.put('bareme_page', event.data.page);
      askWhatIsKnown(event.data.visitor, event.data.page);
    });
    var ask = function () {
      tellHeight();
      window.parent.postMessage({bareme: 'who'}, '*');
    };
    ask();
    document.addEventListener('focusin', ask, {once: true}); // its script may have come later than our page
  }

  // That somebody began to fill it in: told to the script of the page around, or to Bareme where the visitor may be followed.
  function begin() {
    var token = form.querySelector('[name=bareme_nonce]');
    if (!token || form.hasAttribute('data-kiosk')) return;
    if (window.parent !== window) window.parent.postMessage({bareme: 'begin', form: token.value}, '*');
    else if (form.hasAttribute('data-begin') || /(^|; )bareme_consent=granted/.test(document.cookie)) {
      var hit = {kind: 'start', form: token.value, url: location.href};
      fetch('/t/b', {method: 'POST', keepalive: true, headers: {'Content-Type': 'text/plain'}, body: JSON.stringify({hits: [hit]})})
        .catch(function () { /* it is for statistics alone */ });
    }
  }
  if (form) form.addEventListener('input', begin, {once: true});

  // The visitor of the page around need not be asked again for what they have said before.
  function askWhatIsKnown(visitor, page) {
    if (!form.hasAttribute('data-known') || form.contains(document.activeElement)) return;
    fetch(location.pathname + '?visitor=' + encodeURIComponent(visitor), {headers: {Accept: 'application/json'}})
      .then(function (response) { return response.json(); })
      .then(function (answer) {
        var drawn = baremeBuild(answer.form);
        if (form.contains(document.activeElement)) return;
        form.replaceChildren.apply(form, [].slice.call(drawn.childNodes));
        life.put('bareme_visitor', visitor);
        life.put('bareme_page', page);
        form.dispatchEvent(new Event('change'));
      })
      .catch(function () { /* then all of it is asked */ });
  }

  // Browsers do not heed autofocus in a frame: take the reader to the first error ourselves.
  var wrong = document.querySelector('[autofocus]');
  if (wrong && document.activeElement !== wrong) wrong.focus();

  // At a stand: an address of ours, never the one of the page, which is a post's where answers were sent back.
  if (form && form.hasAttribute('data-kiosk')) baremeKiosk(form, function () { window.location.replace(form.getAttribute('action')); });

  // A second press of the button while the first is under way does nothing. Where a calculation is asked for, it comes first.
  if (form) {
    var state = 'filling';
    form.addEventListener('submit', function (event) {
      var large = life.tooLarge();
      if (large) large.focus();
      if (large || state === 'working' || state === 'sent') {
        event.preventDefault();
        return;
      }
      form.setAttribute('aria-busy', 'true');
      if (state === 'ready' || !form.hasAttribute('data-work')) {
        state = 'sent';
        return;
      }
      event.preventDefault();
      state = 'working';
      work().then(function () {
        setTimeout(function () { // browsers heed no second submit while they tell of the first
          state = 'ready';
          form.requestSubmit();
        });
      });
    });
    window.addEventListener('pageshow', function () {
      form.removeAttribute('aria-busy');
      state = 'filling';
    });
  }

  var onward = document.querySelector('[data-bareme-redirect]');
  if (onward && window.parent !== window) {
    try { window.top.location.href = onward.href; } catch (error) { /* the link is there */ }
  }

  // The pass of a tracked link does not stay in the address bar, where it might be copied and shared.
  var url = new URL(window.location.href);
  if (url.searchParams.has('bm')) {
    url.searchParams.delete('bm');
    window.history.replaceState(null, '', url.href);
  }
})();
