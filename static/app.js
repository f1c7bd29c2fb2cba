// Latchkey: what makes the pages pleasant. Every page works without it.
"use strict";
const all = (sel, root = document) => [...root.querySelectorAll(sel)];

// Menus are <details>: one open at a time; closed by Escape and by a click elsewhere.
const menus = "details.menu, details.menu-host";
const closeMenus = (except) => all(menus).forEach((d) => { if (d.open && d !== except) d.open = false; });
document.addEventListener("click", (e) => closeMenus(e.target.closest(menus)));
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  const open = all(menus).find((d) => d.open);
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// The dialog: a page is fetched and its [data-dialog-body] lifted into it.
let dialog = null;
let opener = null;
const bodyOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-dialog-body]");
async function show(url) {
  let page;
  try {
    page = await bodyOf(await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" }));
  } catch { page = null; }
  if (page) lift(page);
  else location.assign(url);
}
// A form may have fields of the same names as the page beneath; their ids and what refers to them are told apart.
function apart(body) {
  for (const el of body.querySelectorAll("[id]")) {
    const id = el.id;
    if (!document.getElementById(id)) continue;
    el.id = `dialog-${id}`;
    for (const name of ["for", "aria-describedby", "aria-labelledby", "list"])
      for (const at of body.querySelectorAll(`[${name}~="${CSS.escape(id)}"]`))
        at.setAttribute(name, at.getAttribute(name).split(" ").map((one) => (one === id ? el.id : one)).join(" "));
  }
  return body;
}

// A form whose answer may be a question: the question opens in the dialog, any other answer is left to the browser.
async function ask(form) {
  const action = form.getAttribute("action");
  let page = null;
  try {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams([...new FormData(form)]), redirect: "manual", headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.type === "opaqueredirect") { location.assign(action); return; }
    page = await bodyOf(answer);
  } catch { page = null; }
  delete form.dataset.sent;
  if (page) lift(page);
  else form.submit();
}
function lift(page) {
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.addEventListener("close", () => { dialog.replaceChildren(); opener?.focus(); });
    document.body.append(dialog);
  }
  dialog.replaceChildren();
  dialog.append(apart(document.importNode(page, true)));
  dialog.setAttribute("aria-labelledby", "sheet-title");
  if (!dialog.open) dialog.showModal();
  prepare(dialog);
  (dialog.querySelector("[aria-invalid=true], [autofocus]") ?? dialog.querySelector("#sheet-title"))?.focus();
}
// A form as the address of the next step. A password never becomes part of an address.
function address(form, action) {
  const url = new URL(action, location.href);
  const secret = new Set(all("input[type=password]", form).map((i) => i.name));
  url.search = new URLSearchParams([...new FormData(form)].filter(([k]) => !secret.has(k))).toString();
  return url.href;
}
document.addEventListener("click", (e) => {
  if (e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  const el = e.target.closest("a, button");
  if (!el) return;
  if (el.matches("a[data-dialog]")) {
    e.preventDefault();
    opener = el.closest("details")?.querySelector("summary") ?? el;
    closeMenus();
    show(el.href);
  } else if (dialog?.open && dialog.contains(el)) {
    if (el.matches("[data-close]")) { e.preventDefault(); dialog.close(); }
    else if (el.matches("a[data-swap]")) { e.preventDefault(); show(el.href); }
    else if (el.matches("button[data-swap]")) { e.preventDefault(); show(address(el.form, el.dataset.swap)); }
  }
});

// Forms: GET forms marked for the dialog stay in it; a form is sent once.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.matches("[data-dialog]") || (form.matches("[data-swap]") && dialog?.open && dialog.contains(form))) {
    e.preventDefault();
    const url = new URL(address(form, form.getAttribute("action")));
    if (e.submitter?.name) url.searchParams.append(e.submitter.name, e.submitter.value);
    if (form.matches("[data-dialog]")) opener = e.submitter;
    show(url.href);
    return;
  }
  if (form.dataset.sent) { e.preventDefault(); return; }
  form.dataset.sent = "1";
  if (form.matches("[data-ask]")) { e.preventDefault(); opener = e.submitter; ask(form); return; }
  setTimeout(() => all("button", form).forEach((b) => { if (b.type === "submit") b.disabled = true; }));
});

document.addEventListener("change", (e) => {
  const el = e.target;
  if (el.matches("[data-submit]")) el.form.requestSubmit();
  if (el.matches("[data-check-all]")) all(".row-check").forEach((c) => { c.checked = el.checked; });
  if (el.matches("[data-check-all], .row-check")) countRows();
  if (el.id === "is_service" && el.checked) all("#email", el.form).forEach((i) => { i.value = ""; });
});
function countRows() {
  const boxes = all(".row-check");
  const on = boxes.filter((c) => c.checked).length;
  all("[data-check-all]").forEach((c) => { c.checked = on > 0 && on === boxes.length; c.indeterminate = on > 0 && on < boxes.length; });
  all("[data-count]").forEach((c) => { c.textContent = `${on} selected`; });
}

// Scopes: read-only, all, none, without those that are not in use.
document.addEventListener("click", (e) => {
  const pick = e.target.closest("[data-pick]");
  if (pick?.dataset.pick === "unused") {
    e.preventDefault();
    all("input[data-unused]", pick.closest("[data-scopes]")).forEach((c) => { c.checked = false; });
  } else if (pick) all("input[type=checkbox]", pick.closest("[data-scopes]")).forEach((c) => {
    c.checked = pick.dataset.pick === "all" || (pick.dataset.pick === "read" && "read" in c.dataset);
  });
});

// What a form would add and take away, before it is saved.
function changes(form) {
  const found = [];
  const note = (more, what) => found.push([more, what]);
  const limited = form.querySelector("#limit-teams")?.checked;
  all("input[data-was], input[type=checkbox], input[type=radio], textarea[data-was]", form).forEach((i) => {
    if (i.type === "radio") {
      if (i.checked && !("was" in i.dataset)) note("more" in i.dataset, i.dataset.more ?? i.dataset.less);
    } else if (i.type === "checkbox") {
      if (i.checked === "was" in i.dataset) return;
      if (i.name !== "limit_team") note(i.checked, i.name === "scope" ? i.value : i.labels[0].textContent);
      else if (limited && "was" in form.querySelector("#limit-teams").dataset) note(i.checked, `in ${i.labels[0].textContent}`);
    } else if (i.value !== i.dataset.was) note(true, `another ${i.name}`);
  });
  const line = ([more, what]) => {
    const span = document.createElement("span");
    span.className = more ? "more" : "less";
    span.textContent = `${more ? "+" : "−"} ${what}`;
    return span;
  };
  form.querySelector("[data-delta]").replaceChildren(...found.map(line));
}
["click", "input", "change"].forEach((what) => document.addEventListener(what, (e) => {
  const form = e.target.closest?.("form[data-changes]");
  if (form) changes(form);
}));

// Copy, with a word for the eye and the ear.
document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy]");
  if (!button) return;
  const word = button.querySelector("span");
  const source = document.getElementById(button.dataset.copy);
  try { await navigator.clipboard.writeText(source.textContent); word.textContent = "Copied"; }
  catch {
    getSelection().selectAllChildren(source);
    word.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  all("[data-copied]").forEach((s) => { s.textContent = word.textContent; });
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
});

// Download through a blob, so that the secret never becomes an address in the browser's history.
document.addEventListener("click", (e) => {
  const link = e.target.closest("a[download][href^='data:']");
  if (!link) return;
  e.preventDefault();
  const text = decodeURIComponent(link.getAttribute("href").replace(/^[^,]*,/, ""));
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  a.download = link.download;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
});

// A secret is wiped when its page is left, and stays away when the browser brings the page back.
const wipe = () => all("[data-wipe]").forEach((el) => { el.textContent = "Cleared when you left this page. It cannot be shown again."; });
addEventListener("pagehide", wipe);
addEventListener("pageshow", (e) => {
  if (!e.persisted) return;
  wipe();
  all("form[data-sent]").forEach((f) => { delete f.dataset.sent; all("button", f).forEach((b) => { b.disabled = false; }); });
});

// What a page, or the inside of the dialog, needs once it is there.
function prepare(root) {
  all("form[data-changes]", root).forEach(changes);
  all("[data-tabs]", root).forEach(tabs);
  all("input[data-preview]", root).forEach(preview);
  all("input[data-fills]", root).forEach((source) => {
    const target = root.querySelector(`#${source.dataset.fills}`);
    if (!target) return;
    let own = target.value !== "";
    target.addEventListener("input", () => { own = target.value !== ""; });
    source.addEventListener("input", () => {
      if (own) return;
      if ("slug" in source.dataset) {
        const slug = source.value.trim().toLowerCase().replace(/[ ./-]+/g, "-").replace(/[^a-z0-9_-]/g, "").replace(/^[^a-z]+/, "");
        target.value = slug.replace(/-+/g, "-").slice(0, 40).replace(/-+$/, "");
        return;
      }
      const ending = source.dataset.suffix ?? (root.querySelector("#is_service")?.checked ? "@service" : "");
      if (!ending) return;
      const words = source.value.toLowerCase().split(/\s+/).map((w) => w.replace(/[^a-z0-9_.-]/g, ""));
      const id = words.filter(Boolean).join("_").replace(/^[^a-z0-9]+/, "").slice(0, 64 - ending.length);
      target.value = id && id + ending;
    });
  });
}
function tabs(box) {
  const bar = document.createElement("div");
  bar.className = "tabs";
  bar.setAttribute("role", "tablist");
  bar.setAttribute("aria-label", box.dataset.tabs);
  const sections = all("section", box);
  const select = (n, focus) => [...bar.children].forEach((b, i) => {
    b.setAttribute("aria-selected", String(i === n));
    b.tabIndex = i === n ? 0 : -1;
    sections[i].hidden = i !== n;
    if (i === n && focus) b.focus();
  });
  sections.forEach((s, i) => {
    const b = document.createElement("button");
    Object.assign(b, { type: "button", id: `tab-${i}`, textContent: s.querySelector("h3").textContent });
    b.setAttribute("role", "tab");
    Object.assign(s, { id: `panel-${i}` }).setAttribute("role", "tabpanel");
    s.setAttribute("aria-labelledby", b.id);
    b.setAttribute("aria-controls", s.id);
    b.addEventListener("click", () => select(i));
    b.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (step) select((i + step + sections.length) % sections.length, true);
    });
    bar.append(b);
  });
  box.prepend(bar);
  select(0);
}
// The id that a name will get, asked of the server while it is typed.
function preview(input) {
  const out = document.getElementById(input.dataset.preview);
  let timer = 0, last = 0;
  const ask = async () => {
    const mine = ++last;
    if (!input.value.trim()) { out.textContent = ""; return; }
    try {
      const answer = await fetch(`/users/service/preview?name=${encodeURIComponent(input.value)}`);
      const { id, error } = await answer.json();
      if (mine !== last) return;
      const code = document.createElement("code");
      code.textContent = id ?? "";
      if (error) out.replaceChildren(error);
      else out.replaceChildren("Its id will be ", code);
    } catch { out.textContent = ""; }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 250); });
  ask();
}
prepare(document);
all(".tabs [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "nearest" }));
// After autofocus had its turn.
requestAnimationFrame(() => document.querySelector("[aria-invalid=true]")?.focus());
