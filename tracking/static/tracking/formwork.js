/* The small calculation that robots avoid, done while the visitor types: a number that, written after the form's nonce,
   makes a hash that begins with zeros. Where a browser cannot, the server is patient instead. */
function baremeWork(form, put) {
  'use strict';
  var ZEROS = 12, BATCH = 256;
  var worked = null, working = null;

  function work() {
    var nonce = form.querySelector('input[name=bareme_nonce]').value;
    if (!form.hasAttribute('data-work') || !window.crypto || !crypto.subtle) return Promise.resolve();
    if (worked === nonce) return working;
    worked = nonce;
    return (working = search(nonce, 0).then(function (number) { put('bareme_work', number); }));
  }

  function search(nonce, from) {
    var tries = [];
    for (var number = from; number < from + BATCH; number++) tries.push(hash(nonce + ':' + number));
    return Promise.all(tries).then(function (hashes) {
      var found = hashes.findIndex(function (bytes) { return (bytes[0] << 8 | bytes[1]) >> (16 - ZEROS) === 0; });
      return found < 0 ? search(nonce, from + BATCH) : from + found;
    });
  }

  function hash(text) {
    return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)).then(function (bytes) { return new Uint8Array(bytes); });
  }

  form.addEventListener('focusin', work, {once: true});
  return work;
}
