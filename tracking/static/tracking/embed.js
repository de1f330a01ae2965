/* Bareme: draws a form where this script's tag stands, and sends it without leaving the page. */
(function (window, document, config) {
  'use strict';
  var me = document.currentScript;
  if (!me) return;
  var action = new URL(config.path, me.src).href;
  var place = document.createElement('div');
  place.className = 'bareme';
  place.innerHTML = config.html;
  me.parentNode.insertBefore(place, me.nextSibling);
  style();

  var form = place.querySelector('form');
  form.setAttribute('action', action);
  form.addEventListener('submit', function (event) {
    event.preventDefault();
    if (!form.hasAttribute('aria-busy')) send();
  });

  // A sheet made by script needs no permission under the page's Content-Security-Policy.
  function style() {
    if (document.baremeStyled || !document.adoptedStyleSheets) return;
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(config.css);
    document.adoptedStyleSheets = document.adoptedStyleSheets.concat(sheet);
    document.baremeStyled = true;
  }

  function send() {
    form.setAttribute('aria-busy', 'true');
    var values = new FormData(form);
    if (!values.get('bareme_page')) values.set('bareme_page', window.location.href);
    window.fetch(action, {method: 'POST', body: values, credentials: 'omit', headers: {Accept: 'application/json'}})
      .then(function (response) {
        return response.json().then(function (answer) { (response.ok ? accepted : refused)(answer); });
      })
      .catch(function () { refused({error: form.getAttribute('data-offline'), errors: {}}); })
      .then(function () { form.removeAttribute('aria-busy'); });
  }

  function accepted(answer) {
    (answer.agreed || []).forEach(function (purpose) {
      if (purpose === 'web_tracking' && window.bareme) window.bareme('consent', 'granted');
    });
    if (answer.redirect_url) {
      window.location.assign(answer.redirect_url);
      return;
    }
    var thanks = element('div', 'bareme-thanks', '');
    thanks.setAttribute('role', 'status');
    thanks.setAttribute('tabindex', '-1');
    thanks.appendChild(element('p', 'bareme-title', answer.title));
    answer.message.split('\n').forEach(function (line) { thanks.appendChild(element('p', '', line)); });
    if (answer.download_url) {
      var link = element('a', 'bareme-button', answer.download_name);
      link.href = answer.download_url;
      thanks.appendChild(link);
    }
    place.replaceChildren(thanks);
    thanks.focus();
    place.dispatchEvent(new CustomEvent('bareme:sent', {bubbles: true, detail: answer}));
  }

  function refused(answer) {
    var alert = form.querySelector('.bareme-alert'), errors = answer.errors || {}, first = null;
    if (answer.nonce) form.querySelector('input[name=bareme_nonce]').value = answer.nonce;
    form.querySelectorAll('.bareme-field').forEach(function (field) {
      var sentences = errors[field.getAttribute('data-key')] || [];
      var list = field.querySelector('.bareme-errors'), control = field.querySelector('input, select, textarea');
      list.replaceChildren.apply(list, sentences.map(function (sentence) { return element('li', '', sentence); }));
      list.hidden = !sentences.length;
      tie(field, control, list, sentences.length > 0);
      if (sentences.length && !first) first = control;
    });
    alert.textContent = answer.error || alert.getAttribute('data-errors');
    alert.hidden = false;
    (first || alert).focus();
  }

  function tie(field, control, list, wrong) {
    var target = field.querySelector('fieldset') || control;
    var ids = (target.getAttribute('aria-describedby') || '').split(' ').filter(function (id) { return id && id !== list.id; });
    if (wrong) ids.push(list.id);
    if (ids.length) target.setAttribute('aria-describedby', ids.join(' '));
    else target.removeAttribute('aria-describedby');
    if (wrong) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
  }

  function element(name, className, text) {
    var made = document.createElement(name);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  }
})(window, document, __CONFIG__);
