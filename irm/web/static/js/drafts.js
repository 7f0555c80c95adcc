// form[data-draft]: what is typed goes to the server as a draft after a second of rest. Signed out meanwhile: it stays
// in this window's own storage, comes back with the form after signing in, and is then taken out of it.
(function () {
  "use strict";
  var REST = 1200;
  function key(form) { return "irm-draft:" + form.dataset.draft; }
  function note(form, text) {
    var node = form.querySelector("[data-draft-note]");
    if (node) { node.textContent = text; }
  }
  function values(form) {
    var found = {};
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || field.name === "csrf_token" || field.type === "file" || field.type === "password" || field.type === "submit") { return; }
      if ((field.type === "checkbox" || field.type === "radio") && !field.checked) { return; }
      if (field.name in found) { found[field.name] = [].concat(found[field.name], field.value); } else { found[field.name] = field.value; }
    });
    return found;
  }
  function fill(form, kept) {
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || !(field.name in kept)) { return; }
      var value = [].concat(kept[field.name]);
      if (field.type === "checkbox" || field.type === "radio") { field.checked = value.indexOf(field.value) >= 0; }
      else if (field.type !== "file") { field.value = value[0]; }
    });
  }
  function hold(form) {
    try { sessionStorage.setItem(key(form), JSON.stringify(values(form))); note(form, irm.word("draftHere")); }
    catch (error) { note(form, irm.word("draftFailed")); }
  }
  function send(form, last) {
    form.draftDirty = false;
    fetch("/drafts/" + encodeURIComponent(form.dataset.draft), {
      method: "POST", credentials: "same-origin", redirect: "manual", keepalive: last,
      headers: { "Content-Type": "application/json", "Accept": "application/json", "X-CSRF-Token": irm.csrf() },
      body: JSON.stringify(values(form))
    }).then(function (answer) {
      if (answer.ok) {
        var at = new Date(irm.now() + 8 * 3600000).toISOString().slice(11, 16);
        note(form, irm.word("draftKept", { time: at }));
      } else if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) { hold(form); }
      else { note(form, irm.word("draftFailed")); }
    }).catch(function () { hold(form); });
  }
  document.querySelectorAll("form[data-draft]").forEach(function (form) {
    var timer = 0;
    try {
      var kept = sessionStorage.getItem(key(form));
      if (kept) { fill(form, JSON.parse(kept)); sessionStorage.removeItem(key(form)); note(form, irm.word("draftBack")); send(form, false); }
    } catch (error) { /* a window without storage has no such draft */ }
    function changed() {
      form.draftDirty = true;
      clearTimeout(timer);
      timer = setTimeout(function () { send(form, false); }, REST);
    }
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", function () { clearTimeout(timer); form.draftDirty = false; });
    window.addEventListener("pagehide", function () { if (form.draftDirty) { clearTimeout(timer); send(form, true); } });
  });
})();
