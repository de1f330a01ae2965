/* Bareme: draws a form where this script's tag stands, and sends it without leaving the page. */
(function (window, document, config) {
  'use strict';
  var me = document.currentScript;
  if (!me) return;
  var action = new URL(config.path, me.src).href;
  var place = document.createElement('div');
  var form, life, work;
  place.className = 'bareme';
  me.parentNode.insertBefore(place, me.nextSibling);
  style();
  draw(config.form);
  removeLink(me.previousElementSibling);
  if (config.known) askWhatIsKnown();

  function draw(tree) {
    form = baremeBuild(tree);
    place.replaceChildren(form);
    form.setAttribute('action', action);
    life = baremeForm(form);
    work = config.work ? baremeWork(form, life.put) : null;
    if (config.kiosk) baremeKiosk(form, function () { window.location.reload(); });
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      if (form.hasAttribute('aria-busy')) return;
      var large = life.tooLarge();
      if (large) return large.focus();
      form.setAttribute('aria-busy', 'true');
      if (work) work().then(send);
      else send();
    });
  }

  // The link before the tag stands there for those whose browser blocks this script.
  function removeLink(link) {
    if (link && link.hasAttribute('data-bareme-form')) link.remove();
  }

  // The visitor of this site's script need not be asked again for what they have said before.
  function askWhatIsKnown() {
    var cookie = document.cookie.match('(?:^|; )bareme_visitor=([0-9a-f-]{36})'), before = form;
    if (!cookie) return;
    window.fetch(action + '?visitor=' + cookie[1], {credentials: 'omit', headers: {Accept: 'application/json'}})
      .then(function (response) { return response.json(); })
      .then(function (answer) { if (form === before && !form.contains(document.activeElement)) draw(answer.form); })
      .catch(function () { /* then all of it is asked */ });
  }

  // A sheet made by script needs no permission under the page's Content-Security-Policy.
  function style() {
    if (document.baremeStyled || !document.adoptedStyleSheets) return;
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(config.css);
    document.adoptedStyleSheets = document.adoptedStyleSheets.concat(sheet);
    document.baremeStyled = true;
  }

  function send() {
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
      if (purpose === 'web_tracking' && window.bareme) window.bareme('consent', 'granted', false);
    });
    if (answer.redirect_url && !answer.confirm) {
      window.location.assign(answer.redirect_url);
      return;
    }
    var thanks = element('div', 'bareme-thanks', '');
    thanks.setAttribute('role', 'status');
    thanks.setAttribute('tabindex', '-1');
    thanks.appendChild(element('p', 'bareme-title', answer.title));
    say('', answer.message);
    say('bareme-confirm', answer.confirm);
    if (answer.redirect_url) button(answer.redirect_url, answer.redirect_name);
    if (answer.download_url) button(answer.download_url, answer.download_name);
    place.replaceChildren(thanks);
    thanks.focus();
    if (answer.again) setTimeout(function () { window.location.reload(); }, answer.again * 1000);
    place.dispatchEvent(new CustomEvent('bareme:sent', {bubbles: true, detail: answer}));

    function say(className, text) {
      if (text) text.split('\n').forEach(function (line) { thanks.appendChild(element('p', className, line)); });
    }

    function button(url, name) {
      var link = element('a', 'bareme-button', name);
      link.href = url;
      thanks.appendChild(link);
    }
  }

  function refused(answer) {
    var alert = form.querySelector('.bareme-alert'), errors = answer.errors || {}, first = null;
    if (answer.nonce) life.put('bareme_nonce', answer.nonce);
    form.querySelectorAll('.bareme-field').forEach(function (part) {
      var wrong = life.mark(part, errors[part.getAttribute('data-key')] || []);
      first = first || wrong;
    });
    alert.textContent = answer.error || alert.getAttribute('data-errors');
    alert.hidden = false;
    (first || alert).focus();
  }

  function element(name, className, text) {
    var made = document.createElement(name);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  }

  __PARTS__
})(window, document, __CONFIG__);
