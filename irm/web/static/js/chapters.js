// Chapters of a long page: folded on the phone, but never what the address points at.
(function () {
  "use strict";
  var small = window.matchMedia && window.matchMedia("(max-width: 860px)").matches;
  function chapters(first) {
    var wanted = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    document.querySelectorAll("[data-chapter]").forEach(function (one) {
      if (wanted && one.contains(wanted)) { one.open = true; } else if (first && small) { one.open = false; }
    });
    if (wanted && wanted.closest("[data-chapter]")) { wanted.scrollIntoView(); }
  }
  chapters(true);
  window.addEventListener("hashchange", function () { chapters(false); });
})();
