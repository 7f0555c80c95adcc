// irm's own scripts: small, one behaviour a file, no words of their own (the page brings them), no eval, Chromium 86.
window.irm = (function () {
  "use strict";
  var words = {};
  try { words = JSON.parse(document.body.dataset.words || "{}"); } catch (error) { words = {}; }
  function meta(name) {
    var found = document.querySelector('meta[name="' + name + '"]');
    return found ? found.content : "";
  }
  // The page's clock is the server's: what this device believes about the time does not matter.
  var ahead = meta("irm-now") ? Date.parse(meta("irm-now")) - Date.now() : 0;
  var toastTimer = 0;
  var irm = {
    now: function () { return Date.now() + ahead; },
    csrf: function () { return meta("csrf-token"); },
    word: function (key, values) {
      return (words[key] || "").replace(/\{(\w+)\}/g, function (whole, name) {
        return values && name in values ? values[name] : whole;
      });
    },
    say: function (text) {
      var toast = document.querySelector(".toast") || document.createElement("p");
      toast.className = "toast";
      toast.setAttribute("role", "status");
      document.body.appendChild(toast);
      toast.textContent = text;
      clearTimeout(toastTimer);
      toastTimer = setTimeout(function () { toast.remove(); }, 6000);
    }
  };
  document.addEventListener("htmx:configRequest", function (event) {
    if (irm.csrf()) { event.detail.headers["X-CSRF-Token"] = irm.csrf(); }
  });
  document.addEventListener("htmx:responseError", function (event) {
    var status = event.detail.xhr.status;
    if (event.detail.requestConfig.verb !== "get" && status !== 409 && status !== 422) { irm.say(irm.word("failed")); }
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.detail.requestConfig.verb !== "get") { irm.say(irm.word("failed")); }
  });
  return irm;
})();
