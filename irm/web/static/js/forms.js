// Comforts of forms: 现在, 不清楚, one send per tap, faults first. Everything works without them.
(function () {
  "use strict";
  function fire(node) { node.dispatchEvent(new Event("input", { bubbles: true })); }
  function wake(root) {
    root.querySelectorAll("[data-now-for]").forEach(function (button) { button.hidden = false; });
    root.querySelectorAll("[data-empties]").forEach(empty);
  }
  function empty(box) {
    var input = document.getElementById(box.dataset.empties);
    if (!input) { return; }
    if (box.checked && input.value) { input.dataset.was = input.value; input.value = ""; }
    input.disabled = box.checked;
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-now-for]");
    if (!button) { return; }
    var input = document.getElementById(button.dataset.nowFor);
    var box = document.querySelector('[data-empties="' + button.dataset.nowFor + '"]');
    if (box && box.checked) { box.checked = false; empty(box); }
    input.value = new Date(irm.now() + 8 * 3600000).toISOString().slice(0, 16);
    fire(input);
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-empties]")) { empty(event.target); }
  });
  document.addEventListener("input", function (event) {
    var node = event.target;
    if (node.dataset.chooses && node.value) {
      node.form.querySelectorAll('[name="' + node.dataset.chooses + '"][value="value"]').forEach(function (radio) { radio.checked = true; });
    }
    if (node.dataset.confirm) { node.setCustomValidity(node.value === node.dataset.confirm ? "" : node.dataset.confirm); }
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || event.defaultPrevented) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(function () { form.querySelectorAll('button[type="submit"]').forEach(function (button) { button.disabled = true; }); }, 0);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll('button[type="submit"]').forEach(function (button) { button.disabled = false; });
    });
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt;
    if (form && form.dataset && form.dataset.sent) {
      delete form.dataset.sent;
      form.querySelectorAll('button[type="submit"]').forEach(function (button) { button.disabled = false; });
    }
  });
  document.addEventListener("htmx:load", function (event) { wake(event.detail.elt); });
  wake(document);
  var faults = document.getElementById("errors");
  if (faults) { faults.focus(); }
  document.addEventListener("click", function (event) {
    var link = event.target.closest('.error-summary a[href^="#f-"]');
    if (!link) { return; }
    var field = document.getElementById(link.getAttribute("href").slice(1));
    var input = field && field.querySelector("input:not([type=hidden]), textarea, select");
    if (input) { event.preventDefault(); field.scrollIntoView({ block: "center" }); input.focus({ preventScroll: true }); }
  });
})();
