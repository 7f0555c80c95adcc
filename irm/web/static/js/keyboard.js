// n file · j k move · Enter open · / search · ? help. Never while somebody types.
(function () {
  "use strict";
  function entries() { return Array.prototype.slice.call(document.querySelectorAll("main .table tbody tr, main [data-entry]")); }
  function move(step) {
    var all = entries(), at = all.findIndex(function (one) { return one.classList.contains("is-here"); });
    if (!all.length) { return; }
    var next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    all.forEach(function (one) { one.classList.toggle("is-here", one === next); });
    next.scrollIntoView({ block: "nearest" });
    var link = next.querySelector("a[href]");
    if (link) { link.focus({ preventScroll: true }); }
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable) { return; }
    var keys = document.getElementById("keys");
    if (event.key === "j") { move(1); }
    else if (event.key === "k") { move(-1); }
    else if (event.key === "n" && document.querySelector('a[href="/report"]')) { location.href = "/report"; }
    else if (event.key === "/") {
      var search = document.querySelector("[data-search], .filter-chip");
      if (search) { event.preventDefault(); search.focus(); }
    }
    else if (event.key === "?" && keys && keys.showModal) { keys.showModal(); }
  });
})();
