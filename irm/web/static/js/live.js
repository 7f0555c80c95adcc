// Live regions: [data-live="topic topic"] with hx-get. The server sends topics only; the region fetches itself again.
// A hidden tab closes its stream (six connections a host). Nothing heard for 30 s: say so and ask every 15 s instead.
(function () {
  "use strict";
  var address = document.body.dataset.stream;
  if (!address || !window.EventSource) { return; }
  var SILENCE = 30000, POLL = 15000, HOLD = 800;
  var source = null, heard = Date.now(), blind = false, polled = 0, touched = 0, pending = new Set(), listening = "";
  var before = {};

  function regions() { return Array.prototype.slice.call(document.querySelectorAll("[data-live]")); }
  function topics() {
    var all = new Set();
    regions().forEach(function (one) { one.dataset.live.split(/\s+/).forEach(function (topic) { if (topic) { all.add(topic); } }); });
    return Array.from(all).sort();
  }
  function state(broken) {
    var note = document.querySelector("[data-stream-state]");
    if (note) { note.hidden = !broken; }
  }
  // Never move what a finger is about to touch, never take a field from somebody who types in it.
  function held(region) {
    var active = document.activeElement;
    var typing = active && region.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName);
    return typing || region.dataset.typed || Date.now() - touched < HOLD || region.querySelector("details.confirm[open]");
  }
  function flush() {
    pending.forEach(function (id) {
      var region = document.getElementById(id);
      if (!region) { pending.delete(id); return; }
      if (held(region)) { return; }
      pending.delete(id);
      htmx.trigger(region, "irm:live");
    });
  }
  function refresh(wanted) {
    regions().forEach(function (region) {
      var mine = region.dataset.live.split(/\s+/);
      if (!wanted || mine.some(function (topic) { return wanted.indexOf(topic) >= 0; })) { pending.add(region.id); }
    });
    setTimeout(flush, 120);
  }
  function close() { if (source) { source.close(); source = null; } }
  function connect() {
    var names = topics();
    close();
    listening = names.join(" ");
    if (!names.length || document.hidden) { return; }
    source = new EventSource(address + "?" + names.map(function (name) { return "topic=" + encodeURIComponent(name); }).join("&"));
    function alive() { heard = Date.now(); state(false); }
    source.addEventListener("alive", function () { alive(); blind = false; });
    source.addEventListener("blind", function () { alive(); blind = true; });
    source.addEventListener("change", function (event) { alive(); refresh(JSON.parse(event.data)); });
  }
  setInterval(function () {
    flush();
    if (document.hidden || !topics().length) { return; }
    if (topics().join(" ") !== listening) { connect(); }
    var silent = Date.now() - heard > SILENCE;
    if (silent) { state(true); }
    if ((silent || blind) && Date.now() - polled > POLL) {
      polled = Date.now();
      refresh(null);
      if (silent) { connect(); }
    }
  }, 1000);
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { close(); return; }
    heard = Date.now();
    connect();
    refresh(null);
  });
  window.addEventListener("pagehide", close);
  ["pointerdown", "pointerup", "touchmove", "keydown"].forEach(function (name) {
    document.addEventListener(name, function () { touched = Date.now(); }, { passive: true, capture: true });
  });

  // What was typed and not sent yet is worth more than what is new.
  ["input", "change"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var region = event.target.closest("[data-live]");
      if (region && event.target.form) { region.dataset.typed = "yes"; }
    });
  });

  // What changed lights up for two seconds; what was unfolded stays unfolded.
  function keys(region) {
    var found = {};
    region.querySelectorAll("[data-key]").forEach(function (node) { found[node.dataset.key] = node.dataset.version || node.textContent; });
    return found;
  }
  document.addEventListener("htmx:beforeSwap", function (event) {
    var region = event.detail.target;
    if (!region || !region.dataset || !("live" in region.dataset)) { return; }
    var open = [];
    region.querySelectorAll("details").forEach(function (node, index) { if (node.open) { open.push(index); } });
    before[region.id] = { keys: keys(region), open: open };
  });
  document.addEventListener("htmx:load", function (event) {
    var region = event.detail.elt, was = region && before[region.id];
    if (!was) { return; }
    delete before[region.id];
    region.querySelectorAll("details").forEach(function (node, index) { if (was.open.indexOf(index) >= 0) { node.open = true; } });
    region.querySelectorAll("[data-key]").forEach(function (node) {
      if (was.keys[node.dataset.key] !== (node.dataset.version || node.textContent)) {
        node.classList.add("is-fresh");
        setTimeout(function () { node.classList.remove("is-fresh"); }, 2100);
      }
    });
  });
  connect();
})();
