// The condition builder: rows to click together; the tree as JSON in the hidden textarea is what the form sends.
//
// Nodes here are { mode, parts } (a group: all, any, none, not_all) or { rule } (a leaf). The server validates; this page
// only makes it hard to be wrong.
"use strict";

(() => {
  const MAX_NESTED = 3;
  const WAIT_MS = 400;
  const specs = new Map(); // address → promise: several builders in a page ask once

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  };

  const icon = (name) => element("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

  const load = (address) => {
    if (!specs.has(address)) {
      specs.set(address, fetch(address, { headers: { Accept: "application/json" } }).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }));
    }
    return specs.get(address);
  };

  // JSON ↔ nodes

  const read = (tree) => {
    if (tree === null || typeof tree !== "object" || Array.isArray(tree)) return { rule: { filter: String(tree) } };
    if (Array.isArray(tree.all)) return { mode: "all", parts: tree.all.map(read) };
    if (Array.isArray(tree.any)) return { mode: "any", parts: tree.any.map(read) };
    if (tree.not) {
      const inner = read(tree.not);
      if (inner.mode === "any") return { mode: "none", parts: inner.parts };
      if (inner.mode === "all") return { mode: "not_all", parts: inner.parts };
      return { mode: "none", parts: [inner] };
    }
    return { rule: { ...tree } };
  };

  const write = (node) => {
    if (node.rule) return node.rule;
    const parts = node.parts.map(write).filter((part) => Object.keys(part).length);
    if (!parts.length) return {};
    if (node.mode === "none") return { not: { any: parts } };
    if (node.mode === "not_all") return { not: { all: parts } };
    return { [node.mode]: parts };
  };

  const asGroup = (tree) => {
    const node = Object.keys(tree || {}).length ? read(tree) : { mode: "all", parts: [] };
    return node.rule ? { mode: "all", parts: [node] } : node;
  };

  class Builder {
    constructor(host, spec) {
      this.host = host;
      this.spec = spec;
      this.words = spec.words;
      this.textarea = host.querySelector("textarea");
      this.entries = spec.families.flatMap((family) => family.entries);
      this.body = element("div", { class: "cb-body" });
      this.count = element("p", { class: "cb-count", role: "status", "aria-live": "polite" });
      this.textarea.hidden = true;
      host.append(this.body, this.count);
      host.classList.add("is-ready");
      let tree = {};
      try {
        tree = JSON.parse(this.textarea.value || "{}");
      } catch {
        tree = {};
      }
      this.root = asGroup(tree);
      this.draw();
      this.ask();
    }

    draw(focus = null) {
      this.body.replaceChildren(this.group(this.root, null, "", 0));
      if (focus) this.body.querySelector(focus)?.focus();
    }

    changed({ redraw = false, focus = null } = {}) {
      this.textarea.value = JSON.stringify(write(this.root));
      this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
      this.textarea.dispatchEvent(new Event("change", { bubbles: true }));
      if (redraw) this.draw(focus);
      this.ask();
    }

    // Groups

    group(node, parent, place, depth) {
      const modes = ["all", "any", "none", ...(node.mode === "not_all" ? ["not_all"] : [])];
      const mode = element("select", {
        class: "cb-select cb-mode", "aria-label": this.words.group,
        onchange: (event) => { node.mode = event.target.value; this.changed(); },
      }, ...modes.map((key) => element("option", { value: key, selected: key === node.mode }, this.words[key])));
      const rows = node.parts.map((part, index) => {
        const at = place ? `${place}.${index + 1}` : `${index + 1}`;
        return element("li", {}, part.rule ? this.row(part, node, at) : this.group(part, node, at, depth + 1));
      });
      return element("div", { class: "cb-group", role: "group", "aria-label": this.words.group },
        element("div", { class: "cb-head" }, mode, parent && this.remover(node, parent)),
        rows.length ? element("ul", { class: "cb-rows" }, ...rows)
          : element("p", { class: "cb-empty" }, parent ? "–" : this.words.everybody),
        element("div", { class: "cb-foot" },
          this.adder("add", this.words.add_rule, () => {
            node.parts.push({ rule: {} });
            this.changed({ redraw: true, focus: `[data-place="${place ? place + "." : ""}${node.parts.length}"] select` });
          }),
          depth + 1 < MAX_NESTED ? this.adder("playlist_add", this.words.add_group, () => {
            node.parts.push({ mode: "any", parts: [{ rule: {} }] });
            this.changed({ redraw: true });
          }) : null));
    }

    adder(symbol, label, onclick) {
      return element("button", { type: "button", class: "cb-add", onclick }, icon(symbol), label);
    }

    remover(node, parent) {
      return element("button", {
        type: "button", class: "cb-remove", title: this.words.remove, "aria-label": this.words.remove,
        onclick: () => {
          parent.parts.splice(parent.parts.indexOf(node), 1);
          this.changed({ redraw: true, focus: ".cb-add" });
        },
      }, icon("close"));
    }

    // Rows

    entryOf(rule) {
      return this.entries.find((entry) => Object.entries(entry.rule).every(([key, value]) => rule[key] === value));
    }

    row(node, parent, place) {
      const entry = this.entryOf(node.rule);
      const isGone = !entry && node.rule.filter !== undefined;
      return element("div", { class: "cb-row", "data-place": place },
        element("span", { class: "cb-place", "aria-hidden": "true" }, place),
        isGone
          ? element("span", { class: "cb-gone" }, this.words.gone, " ", element("code", {}, JSON.stringify(node.rule)))
          : element("div", { class: "cb-fields" }, this.picker(node, entry, place),
            ...(entry ? this.operands(node, entry, place) : [])),
        this.remover(node, parent));
    }

    picker(node, entry, place) {
      const families = this.spec.families.map((family) => element("optgroup", { label: family.label },
        ...family.entries.map((one) => element("option", { value: this.entries.indexOf(one), selected: one === entry }, one.label))));
      return element("select", {
        class: "cb-select", "aria-label": this.words.what,
        onchange: (event) => {
          const chosen = this.entries[event.target.value];
          node.rule = chosen ? { ...chosen.rule, op: chosen.operators[0].key } : {};
          this.changed({ redraw: true, focus: `[data-place="${place}"] select` });
        },
      }, element("option", { value: "", disabled: Boolean(entry), selected: !entry }, this.words.choose), ...families);
    }

    operands(node, entry, place) {
      const operator = entry.operators.find((one) => one.key === node.rule.op) || entry.operators[0];
      if (node.rule.op !== operator.key) node.rule.op = operator.key;
      const chooser = entry.operators.length < 2 ? element("span", { class: "cb-word" }, operator.label) : element("select", {
        class: "cb-select", "aria-label": this.words.how,
        onchange: (event) => {
          const next = entry.operators.find((one) => one.key === event.target.value);
          const kept = next.inputs.filter((input) => operator.inputs.some((old) => old.name === input.name && old.kind === input.kind));
          const values = Object.fromEntries(kept.filter((input) => input.name in node.rule).map((input) => [input.name, node.rule[input.name]]));
          node.rule = { ...entry.rule, op: next.key, ...values };
          this.changed({ redraw: true, focus: `[data-place="${place}"] select:nth-of-type(2)` });
        },
      }, ...entry.operators.map((one) => element("option", { value: one.key, selected: one === operator }, one.label)));
      return [chooser, ...operator.inputs.flatMap((input) => this.input(node, input))];
    }

    input(node, input) {
      const label = [input.before, input.after].filter(Boolean).join(" … ") || this.words.value;
      const word = (text) => text ? element("span", { class: "cb-word" }, text) : null;
      const set = (value) => {
        if (value === "" || value === null || (Array.isArray(value) && !value.length)) delete node.rule[input.name];
        else node.rule[input.name] = value;
        this.changed();
      };
      const made = this[`${input.kind}Input`](node.rule[input.name], input, set, label);
      return [word(input.before), made, word(input.after)].filter(Boolean);
    }

    plain(type, value, input, set, label, more = {}) {
      return element("input", {
        type, class: "cb-input", value: value ?? "", placeholder: input.hint || null, "aria-label": label,
        required: input.required, oninput: (event) => set(event.target.value.trim()), ...more,
      });
    }

    textInput(value, input, set, label) { return this.plain("text", value, input, set, label, { class: "cb-input is-text", maxlength: 300 }); }

    dateInput(value, input, set, label) { return this.plain("date", value, input, set, label); }

    numberInput(value, input, set, label, step = "any") {
      const number = (text) => set(text === "" ? null : Number(text));
      return this.plain("number", value, input, number, label, { class: "cb-input is-number", step, min: input.minimum });
    }

    wholeInput(value, input, set, label) { return this.numberInput(value, input, set, label, "1"); }

    linesInput(value, input, set, label) {
      return element("textarea", {
        class: "cb-input is-lines", rows: 2, placeholder: this.words.lines, "aria-label": label,
        oninput: (event) => set(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean)),
      }, (value || []).join("\n"));
    }

    choiceInput(value, input, set, label) {
      const choices = this.spec.choices[input.choices];
      const isGone = value !== undefined && !choices.some(([key]) => key === value);
      return element("select", {
        class: "cb-select", "aria-label": label,
        onchange: (event) => set(event.target.value === "" ? null : choices[event.target.value][0]),
      },
      element("option", { value: "", selected: value === undefined, disabled: input.required }, input.empty || this.words.choose),
      isGone ? element("option", { value: "", selected: true, disabled: true }, `${value} ${this.words.gone_choice}`) : null,
      ...choices.map(([key, name], index) => element("option", { value: index, selected: key === value }, name)));
    }

    choicesInput(value, input, set, label) {
      const choices = this.spec.choices[input.choices];
      const chosen = Array.isArray(value) ? [...value] : [];
      const nameOf = (key) => (choices.find(([one]) => one === key) || [key, `${key} ${this.words.gone_choice}`])[1];
      const host = element("span", { class: "cb-chips" });
      const draw = (focus = false) => {
        host.replaceChildren(
          ...chosen.map((key) => element("span", { class: "cb-chip" }, nameOf(key), element("button", {
            type: "button", "aria-label": `${this.words.remove}: ${nameOf(key)}`,
            onclick: () => { chosen.splice(chosen.indexOf(key), 1); set(chosen); draw(true); },
          }, icon("close")))),
          element("select", {
            class: "cb-select is-adding", "aria-label": label,
            onchange: (event) => { chosen.push(choices[event.target.value][0]); set(chosen); draw(true); },
          }, element("option", { value: "", selected: true, disabled: true }, chosen.length ? this.words.add_choice : this.words.choose),
          ...choices.map(([key, name], index) => chosen.includes(key) ? null : element("option", { value: index }, name))));
        if (focus) host.querySelector("select").focus();
      };
      draw();
      return host;
    }

    // How many

    ask() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.fetchCount(), WAIT_MS);
    }

    async fetchCount() {
      const asked = JSON.stringify(write(this.root));
      const token = this.textarea.form?.querySelector("[name=csrfmiddlewaretoken]")?.value;
      this.count.classList.remove("is-wrong");
      this.count.textContent = this.words.counting;
      try {
        const answer = await fetch(this.host.dataset.countUrl, {
          method: "POST", body: asked, headers: { "Content-Type": "application/json", "X-CSRFToken": token || "" },
        });
        const said = await answer.json();
        if (asked !== JSON.stringify(write(this.root))) return; // older than what is shown
        this.count.classList.toggle("is-wrong", Boolean(said.errors));
        this.count.textContent = said.errors ? said.errors.join(" ") : said.sentence;
        this.count.title = said.words || "";
      } catch {
        this.count.textContent = this.words.failed;
      }
    }
  }

  const scan = (root) => {
    for (const host of root.querySelectorAll("[data-conditions]:not([data-begun])")) {
      if (host.querySelector("textarea").name.includes("__prefix__")) continue; // the empty form of an inline
      host.dataset.begun = "";
      load(host.dataset.specUrl).then((spec) => new Builder(host, spec)).catch((error) => console.error("condition builder", error));
    }
  };

  document.addEventListener("DOMContentLoaded", () => scan(document));
  document.addEventListener("formset:added", (event) => scan(event.target));
  document.addEventListener("htmx:load", (event) => scan(event.target));
  if (document.readyState !== "loading") scan(document);
})();
