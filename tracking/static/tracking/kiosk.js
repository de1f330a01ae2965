/* At a stand: what somebody left half filled in goes by itself, after a word of warning, so that the next one does not read it.
   `begin` shows the empty form again. */
function baremeKiosk(form, begin) {
  'use strict';
  var WAIT = 60000, WARNED = 20000;
  var filled = !form.querySelector('.bareme-alert').hidden; // sent back with what was typed
  var timer = null, notice = null;

  function touched(event) {
    if (event && event.type === 'input' && form.contains(event.target)) filled = true;
    clearTimeout(timer);
    if (notice) notice.remove();
    notice = null;
    if (filled && form.isConnected) timer = setTimeout(warn, WAIT);
  }

  function warn() {
    if (form.hasAttribute('aria-busy')) return touched();
    notice = document.createElement('p');
    notice.className = 'bareme-idle';
    notice.setAttribute('role', 'alert');
    notice.textContent = form.getAttribute('data-idle');
    form.appendChild(notice);
    timer = setTimeout(empty, WARNED);
  }

  function empty() {
    filled = false;
    touched();
    if (form.isConnected) begin();
  }

  ['input', 'keydown', 'pointerdown', 'pointermove', 'wheel'].forEach(function (name) {
    document.addEventListener(name, touched, {capture: true, passive: true});
  });
  touched();
}
