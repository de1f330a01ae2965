/* Bareme: page views, events and identify calls of this site. No cookie and no request before consent where it is required.

   window.bareme = window.bareme || function () { (bareme.q = bareme.q || []).push(arguments) };  // calls before it loads
   bareme('consent', 'granted' | 'denied')   bareme('event', 'name', {…})     bareme('ask'): show the banner (again)
   bareme('consent', function (state) {…})   bareme('identify', {email: …})   bareme('page')
   `state` is {required, refuses, answer: 'granted' | 'denied' | ''}: now, and at each change (event “bareme:consent”).   */
(function (window, document) {
  'use strict';
  var me = document.currentScript;
  if (!me || (window.bareme && window.bareme.loaded)) return;
  var origin = new URL(me.src).origin;
  var domain = me.getAttribute('data-domain');
  var consentRequired = __CONSENT_REQUIRED__;
  var VISITOR = 'bareme_visitor', CONSENT = 'bareme_consent', PASS = 'bm';
  var BATCH = 20, KEPT = 100, YEAR = 365 * 24 * 3600;
  var waiting = [], timer = null, failures = 0, lastPage = null, previous = document.referrer;
  var refuses = navigator.globalPrivacyControl === true || navigator.doNotTrack === '1';
  var pass = takePass();

  // What the browser keeps: two cookies of this site.

  function read(name) {
    var found = document.cookie.match('(?:^|; )' + name + '=([^;]*)');
    return found ? decodeURIComponent(found[1]) : '';
  }

  function keep(name, value, seconds) {
    document.cookie = name + '=' + value + '; path=/; max-age=' + seconds + '; samesite=lax' +
      (domain ? '; domain=' + domain : '') + (location.protocol === 'https:' ? '; secure' : '');
  }

  function uuid() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, function (c) {
      return (c ^ (window.crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16);
    });
  }

  function answered() {
    return read(CONSENT).split('.')[0];
  }

  function allowed() {
    var answer = answered();
    return answer === 'granted' || (!consentRequired && answer !== 'denied');
  }

  // An id is kept by those who said yes, and where nobody need be asked: but not by a browser that asks not to be followed.
  function keeps() {
    return answered() === 'granted' || (allowed() && !refuses);
  }

  function visitor() {
    var id = read(VISITOR);
    if (!/^[0-9a-f-]{36}$/.test(id)) keep(VISITOR, id = uuid(), YEAR);
    return id;
  }

  // Who came by a tracked link is told by a parameter, which does not stay in the address bar.
  function takePass() {
    var url = new URL(location.href), value = url.searchParams.get(PASS);
    if (!value) return '';
    url.search = url.search.replace(new RegExp('([?&])' + PASS + '=[^&]*&?'), '$1').replace(/[?&]$/, '');
    try { history.replaceState(history.state, '', url.href); } catch (error) { /* a sandboxed page keeps it */ }
    return value;
  }

  // Sending: in batches, each hit with a key of its own, so that trying again counts once.

  function add(hit) {
    waiting.push(stamped(hit));
    if (waiting.length > KEPT) waiting.shift();
    schedule(50);
  }

  function stamped(hit) {
    hit.key = uuid();
    hit.at = Date.now();
    return hit;
  }

  function schedule(milliseconds) {
    if (!timer && allowed()) timer = setTimeout(flush, milliseconds);
  }

  function message(hits) {
    return JSON.stringify({
      visitor: keeps() ? visitor() : read(VISITOR),
      pass: pass,
      hits: hits.map(function (hit) {
        var copy = Object.assign({ago: Math.max(0, Date.now() - hit.at)}, hit);
        delete copy.at;
        return copy;
      })
    });
  }

  function post(body) {
    return window.fetch(origin + '/t/b', {
      method: 'POST', body: body, keepalive: true, credentials: 'omit', headers: {'Content-Type': 'text/plain'}
    }).then(function (response) {
      if (response.status >= 500) throw response.status;
    });
  }

  // A no goes by itself: nothing else is sent after it, and the visitor's id is forgotten before it may be tried again.
  function refuse(body, tries) {
    post(body).catch(function () {
      if (tries < 6) setTimeout(function () { refuse(body, tries + 1); }, 2000 * Math.pow(2, tries));
    });
  }

  function flush() {
    timer = null;
    if (!waiting.length || !allowed()) return;
    var hits = waiting.splice(0, BATCH);
    post(message(hits)).then(function () {
      failures = 0;
      pass = '';
      if (waiting.length) schedule(0);
    }).catch(function () {
      waiting = hits.concat(waiting);
      failures += 1;
      if (failures < 6) schedule(2000 * Math.pow(2, failures));
    });
  }

  function leave() {
    if (!waiting.length || !allowed()) return;
    clearTimeout(timer);
    timer = null;
    while (waiting.length) {
      var hits = waiting.splice(0, BATCH);
      if (!navigator.sendBeacon || !navigator.sendBeacon(origin + '/t/b', message(hits))) {
        waiting = hits.concat(waiting);
        return;
      }
    }
  }

  // Page views, also of sites that change pages without loading them.

  function utm() {
    var found = {}, query = new URL(location.href).searchParams;
    ['source', 'medium', 'campaign', 'term', 'content'].forEach(function (name) {
      var value = query.get('utm_' + name);
      if (value) found[name] = value;
    });
    return found;
  }

  function place() {
    return /^#[!/]/.test(location.hash) ? location.href : location.href.split('#')[0];
  }

  function view() {
    lastPage = place();
    if (answered() === 'denied') waiting = []; // a later yes does not bring the pages before
    if (refuses || !/^http/.test(location.protocol)) return;
    add({kind: 'page', url: place(), title: document.title, referrer: previous, utm: utm()});
  }

  function moved() {
    if (place() === lastPage) return;
    previous = lastPage;
    lastPage = place();
    setTimeout(view, 0); // by then the site has set the new title
  }

  function watch(name) {
    var original = history[name];
    history[name] = function () {
      var result = original.apply(this, arguments);
      moved();
      return result;
    };
  }

  // The interface.

  function state() {
    return {required: consentRequired, refuses: refuses, answer: answered()};
  }

  // An answer goes to Bareme with what was shown, as proof (`shown` false: Bareme knows). The no of somebody nobody knows goes
  // nowhere; it comes along with a form in which they say who they are.
  function say(answer, shown) {
    var known = read(VISITOR) || pass, granted = answer === 'granted';
    keep(CONSENT, answer + '.' + Math.floor(Date.now() / 1000) +
      (shown && shown.language ? '.' + shown.language + '.' + shown.version : ''), YEAR / 2);
    if (!granted) waiting = [];
    if (shown === false || !(granted || known)) return;
    var hit = {kind: 'consent', granted: granted, text: String(shown && shown.text || ''), url: location.href};
    if (granted) add(hit);
    else refuse(message([stamped(hit)]), 0);
  }

  function tell(name, detail) {
    document.dispatchEvent(new CustomEvent(name, {detail: detail}));
  }

  var calls = {
    consent: function (answer, shown) {
      if (typeof answer === 'function') {
        answer(state());
        document.addEventListener('bareme:consent', function (event) { answer(event.detail); });
        return;
      }
      if (answer && typeof answer === 'object') {
        shown = shown === undefined ? answer : shown;
        answer = {'true': 'granted', 'false': 'denied'}[answer.web_tracking] || answer.web_tracking;
      }
      if (answer !== 'granted' && answer !== 'denied') return;
      if (answer !== answered()) say(answer, shown);
      if (answer === 'granted') schedule(0);
      else keep(VISITOR, '', 0);
      tell('bareme:consent', state());
    },
    ask: function () { tell('bareme:ask'); },
    identify: function (person) { add({kind: 'identify', person: person}); },
    event: function (name, properties) {
      add({kind: 'event', name: String(name), properties: properties || {}, url: location.href});
    },
    page: view
  };

  function call(args) {
    if (calls[args[0]]) {
      try { calls[args[0]].apply(null, [].slice.call(args, 1)); } catch (error) { console.error('bareme', error); }
    } else {
      console.warn('bareme: there is no call “' + args[0] + '”');
    }
  }

  // Forms of ours on this page, plain or in a frame, learn who the visitor is, so that what came before counts.

  function ours(form) {
    try {
      var url = new URL(form.getAttribute('action') || '', location.href);
      return url.origin === origin && /^\/f\//.test(url.pathname);
    } catch (error) { return false; }
  }

  document.addEventListener('submit', function (event) {
    if (!ours(event.target)) return;
    var values = keeps() ? {bareme_visitor: visitor(), bareme_page: location.href} : {bareme_consent: read(CONSENT)};
    Object.keys(values).forEach(function (name) {
      var input = event.target.querySelector('input[name=' + name + ']');
      if (!input) {
        input = document.createElement('input');
        input.type = 'hidden';
        input.name = name;
        event.target.appendChild(input);
      }
      input.value = values[name];
    });
  }, true);

  // That somebody began to fill in a form, once for each drawing. What they typed stays where it is.
  var begun = {};
  function begin(token) {
    if (refuses || !token || begun[token]) return;
    begun[token] = true;
    add({kind: 'start', form: token, url: location.href});
  }

  document.addEventListener('input', function (event) {
    var form = event.target.form;
    if (form && ours(form) && !form.hasAttribute('data-kiosk')) begin((form.querySelector('[name=bareme_nonce]') || form.querySelector('[name=bareme_token]') || {}).value);
  }, true);

  window.addEventListener('message', function (event) {
    if (event.origin !== origin || !event.data) return;
    if (event.data.bareme === 'begin') begin(event.data.form);
    if (event.data.bareme === 'height') {
      [].forEach.call(document.querySelectorAll('iframe'), function (frame) {
        if (frame.contentWindow === event.source) frame.style.height = Math.ceil(Number(event.data.height)) + 'px';
      });
    }
    if (event.data.bareme === 'who' && keeps()) {
      event.source.postMessage({bareme: 'visitor', visitor: visitor(), page: location.href}, origin);
    } else if (event.data.bareme === 'who') {
      event.source.postMessage({bareme: 'refused', consent: read(CONSENT)}, origin);
    }
  });

  var before = (window.bareme && window.bareme.q) || [];
  window.bareme = function () { call(arguments); };
  window.bareme.loaded = true;
  watch('pushState');
  watch('replaceState');
  window.addEventListener('popstate', moved);
  window.addEventListener('hashchange', moved);
  window.addEventListener('pageshow', function (event) { if (event.persisted) view(); });
  window.addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', function () { if (document.visibilityState === 'hidden') leave(); });
  if (/[?&]bareme=off\b/.test(location.search)) calls.consent('denied', false); // one of the site's own people
  if (document.prerendering) document.addEventListener('prerenderingchange', view, {once: true});
  else view();
  [].forEach.call(before, call);
})(window, document);
