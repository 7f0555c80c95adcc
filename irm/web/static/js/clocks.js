// Clock chips tick once a second. States and words follow irm/web/clocks.py and wording.py.
(function () {
  "use strict";
  var HOUR = 3600, DAY = 86400;
  function duration(ms) {
    var seconds = Math.floor(Math.abs(ms) / 1000), minutes;
    if (seconds < 60) { return irm.word("seconds", { n: seconds }); }
    if (seconds < HOUR) { return irm.word("minutes", { n: Math.floor(seconds / 60) }); }
    if (seconds < 72 * HOUR) {
      minutes = Math.floor(seconds % HOUR / 60);
      return minutes ? irm.word("hoursMinutes", { h: Math.floor(seconds / HOUR), m: minutes }) : irm.word("hours", { n: Math.floor(seconds / HOUR) });
    }
    var hours = Math.floor(seconds % DAY / HOUR);
    return hours ? irm.word("daysHours", { d: Math.floor(seconds / DAY), h: hours }) : irm.word("days", { n: Math.floor(seconds / DAY) });
  }
  function set(node, text) { if (node && node.textContent !== text) { node.textContent = text; } }
  function tick() {
    var wall = irm.now();
    document.querySelectorAll("[data-clock]").forEach(function (clock) {
      var rate = clock.dataset.rate === undefined ? null : Number(clock.dataset.rate);
      // A duty of a drill: all moments are the drill's, which stands or runs faster.
      var now = rate === null ? wall : Date.parse(clock.dataset.drillNow) + rate * (wall - Date.parse(clock.dataset.wallNow));
      var started = Date.parse(clock.dataset.started), due = Date.parse(clock.dataset.due || "");
      var left = clock.querySelector("[data-clock-left]");
      if (isNaN(due)) { set(left, irm.word(clock.dataset.words || "since", { duration: duration(now - started) })); return; }
      var used = due > started ? Math.round(1000 * Math.min(1, Math.max(0, (now - started) / (due - started)))) : 1000;
      var days = (due - now) / 1000 / DAY;
      var state = due < now ? "over" : used > 750 && days <= 3 ? "urgent" : used > 500 && days <= 14 ? "soon" : "calm";
      set(left, irm.word(state === "over" ? "over" : "left", { duration: duration(due - now) }));
      set(clock.querySelector("[data-clock-state]"), irm.word(rate === 0 ? "stands" : state === "over" ? "overdue" : state));
      var bar = clock.querySelector("[data-clock-bar]");
      if (bar) { bar.value = used; }
      ["calm", "soon", "urgent", "over"].forEach(function (one) { clock.classList.toggle("clock-" + one, one === state); });
    });
    var title = document.querySelector("[data-title-due]");
    if (title) {
      var minutes = Math.floor(Math.abs(Date.parse(title.dataset.titleDue) - wall) / 60000);
      var face = String(Math.floor(minutes / 60)).padStart(2, "0") + ":" + String(minutes % 60).padStart(2, "0");
      title.querySelectorAll("[data-title-left]").forEach(function (node) { set(node, face); });
      var whole = title.dataset.titleWords.replace("{left}", face);
      if (document.title !== whole) { document.title = whole; }
    }
  }
  setInterval(tick, 1000);
  document.addEventListener("htmx:load", tick);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { tick(); } });
})();
