/* What a visitor of a landing page chooses about being followed. To banner.js this is what bareme.js is on other sites. */
(function (window, document) {
  'use strict';
  var me = document.currentScript, answer = me.getAttribute('data-answer'), visitor = me.getAttribute('data-visitor');
  var address = me.getAttribute('data-to') + window.location.search; // before its pass is taken out of it
  var before = (window.bareme && window.bareme.q) || [];

  function state() {
    return {required: me.hasAttribute('data-required'), refuses: false, answer: answer};
  }

  function tell(name, detail) {
    document.dispatchEvent(new CustomEvent(name, {detail: detail}));
  }

  function say(shown) {
    window.fetch(address, {
      method: 'POST', keepalive: true, headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({
        granted: answer === 'granted', visitor: visitor, referrer: document.referrer,
        language: shown && shown.language, version: shown && shown.version
      })
    }).catch(function () { /* then the next page asks again */ });
  }

  var calls = {
    consent: function (given, shown) {
      if (typeof given === 'function') {
        given(state());
        document.addEventListener('bareme:consent', function (event) { given(event.detail); });
      } else if (given === 'granted' || given === 'denied') {
        var changed = given !== answer;
        answer = given;
        if (changed) say(shown);
        tell('bareme:consent', state());
      }
    },
    ask: function () { tell('bareme:ask'); }
  };

  function call(args) {
    if (calls[args[0]]) calls[args[0]].apply(null, [].slice.call(args, 1));
  }

  // Answers sent before a yes keep the variant in sight, and are of the same browser should the yes come after them.
  var form = document.querySelector('form.bareme-form');
  if (form && visitor) {
    var input = document.createElement('input');
    input.type = 'hidden';
    input.name = 'bareme_visitor';
    input.value = visitor;
    form.appendChild(input);
  }

  window.bareme = function () { call(arguments); };
  window.bareme.loaded = true;
  [].forEach.call(before, call);
  document.querySelectorAll('[data-bareme-consent]').forEach(function (opener) { opener.hidden = false; });
})(window, document);
