// [data-editor]: line numbers beside the text, faulty lines marked as the check tells them ([data-line] links anywhere on
// the page, but data-quiet ones), a click on a fault goes to its place. The text field does everything else by itself.
(function () {
  "use strict";
  var LINE = 20; // px, as .editor-text has it
  function editorOf(text) { return text.closest("[data-editor]"); }
  function number(text) {
    var gutter = editorOf(text).querySelector(".editor-lines");
    var wanted = text.value.split("\n").length;
    while (gutter.children.length < wanted) {
      var line = document.createElement("span");
      line.textContent = gutter.children.length + 1;
      gutter.appendChild(line);
    }
    while (gutter.children.length > wanted) { gutter.removeChild(gutter.lastChild); }
    gutter.style.transform = "translateY(" + -text.scrollTop + "px)";
  }
  function mark() {
    document.querySelectorAll("[data-editor]").forEach(function (editor) {
      var text = editor.querySelector("textarea");
      var gutter = editor.querySelector(".editor-lines");
      if (!gutter) { return; }
      Array.prototype.forEach.call(gutter.children, function (line) { line.classList.remove("is-faulty"); });
      document.querySelectorAll('[data-goes-to="' + text.id + '"]:not([data-quiet])').forEach(function (link) {
        var line = gutter.children[link.dataset.line - 1];
        if (line) { line.classList.add("is-faulty"); }
      });
    });
  }
  function go(text, line, column) {
    var lines = text.value.split("\n");
    var start = 0;
    for (var at = 0; at < line - 1 && at < lines.length; at += 1) { start += lines[at].length + 1; }
    var place = start + Math.min(column - 1, (lines[line - 1] || "").length);
    text.focus({ preventScroll: true });
    text.setSelectionRange(place, start + (lines[line - 1] || "").length);
    text.scrollTop = Math.max(0, (line - 6) * LINE);
    text.scrollLeft = 0;
    number(text);
    text.scrollIntoView({ block: "nearest" });
  }
  document.querySelectorAll("[data-editor]").forEach(function (editor) {
    var text = editor.querySelector("textarea");
    var frame = document.createElement("div");
    var gutter = document.createElement("div");
    frame.className = "editor-gutter";
    gutter.className = "editor-lines";
    frame.setAttribute("aria-hidden", "true");
    frame.appendChild(gutter);
    editor.insertBefore(frame, text);
    editor.classList.add("has-lines");
    text.addEventListener("input", function () { number(text); });
    text.addEventListener("scroll", function () { number(text); });
    number(text);
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-goes-to]");
    var text = link && document.getElementById(link.dataset.goesTo);
    if (!text) { return; }
    event.preventDefault();
    go(text, +link.dataset.line, +link.dataset.column || 1);
  });
  document.addEventListener("htmx:afterSwap", mark);
  mark();
})();
