/* Bareme: asks for consent on a site that needs it. Beside bareme.js, in any order. Shown again by bareme('ask') or by a click
   on anything with the attribute data-bareme-consent. On its script tag: data-privacy="address of the privacy page". */
(function (window, document, config) {
  'use strict';
  var me = document.currentScript;
  if (!me || window.baremeBanner) return;
  window.baremeBanner = true;
  var bareme = window.bareme = window.bareme || function () { (window.bareme.q = window.bareme.q || []).push(arguments); };
  var privacy = me.getAttribute('data-privacy'), banner = null, before = null, now = {};

  function text() {
    var wanted = [document.documentElement.lang, navigator.language, 'en'];
    for (var i = 0; i < wanted.length; i += 1) {
      var found = config.texts[String(wanted[i] || '').slice(0, 2).toLowerCase()];
      if (found) return found;
    }
    return config.texts[Object.keys(config.texts)[0]];
  }

  function make(name, className, content) {
    var made = document.createElement(name);
    if (className) made.className = className;
    if (content) made.textContent = content;
    return made;
  }

  // A sheet made by script needs no permission under the page's Content-Security-Policy.
  function style() {
    if (document.baremeBannerStyled || !document.adoptedStyleSheets) return;
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(config.css);
    document.adoptedStyleSheets = document.adoptedStyleSheets.concat(sheet);
    document.baremeBannerStyled = true;
  }

  function button(answer, content) {
    var made = make('button', 'bareme-banner-button', content);
    made.type = 'button';
    made.addEventListener('click', function () {
      var words = text();
      close();
      window.bareme('consent', answer, {text: words.text, version: words.version, language: words.language});
    });
    return made;
  }

  function open(byHand) {
    if (banner) {
      if (byHand) banner.focus();
      return;
    }
    style();
    var words = text();
    before = byHand ? document.activeElement : null;
    banner = make('section', 'bareme-banner');
    banner.setAttribute('aria-labelledby', 'bareme-banner-title');
    banner.setAttribute('tabindex', '-1');
    banner.lang = words.language;
    var title = make('h2', 'bareme-banner-title', words.title), said = make('p', '', words.text);
    title.id = 'bareme-banner-title';
    if (privacy && /^https?:$/.test(new URL(privacy, location.href).protocol)) {
      var link = make('a', '', words.privacy);
      link.href = privacy;
      said.appendChild(document.createTextNode(' '));
      said.appendChild(link);
    }
    if (now.answer) said.appendChild(make('span', 'bareme-banner-now', ' ' + words[now.answer]));
    var buttons = make('div', 'bareme-banner-buttons');
    buttons.appendChild(button('denied', words.refuse)); // both alike: to refuse is as easy as to accept
    buttons.appendChild(button('granted', words.accept));
    [title, said, buttons].forEach(function (part) { banner.appendChild(part); });
    banner.addEventListener('keydown', function (event) { if (event.key === 'Escape') close(); });
    document.body.insertBefore(banner, document.body.firstChild); // first for the keyboard, too
    if (byHand) banner.focus();
  }

  function close() {
    if (!banner) return;
    banner.remove();
    banner = null;
    if (before && before.focus) before.focus();
  }

  function start() {
    bareme('consent', function (state) {
      now = state;
      if (state.answer) close();
      else if (state.required && !state.refuses) open(false);
    });
    document.addEventListener('bareme:ask', function () { open(true); });
    document.addEventListener('click', function (event) {
      var opener = event.target.closest && event.target.closest('[data-bareme-consent]');
      if (!opener) return;
      event.preventDefault();
      open(true);
    });
  }

  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
})(window, document, __CONFIG__);
