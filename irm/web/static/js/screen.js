// The duty screen: asks again and again, counts down, sounds until somebody has confirmed. Never ends, survives restarts of
// irm. No words of its own; no file to play, the browser makes the tones.
(function () {
  "use strict";
  var region = document.getElementById("screen-now");
  if (!region) { return; }
  var root = document.body;
  var every = Number(root.dataset.every) * 1000, stale = Number(root.dataset.stale) * 1000, again = Number(root.dataset.again) * 1000;
  var words = JSON.parse(root.dataset.words);
  var cut = document.getElementById("screen-cut"), mute = document.getElementById("screen-mute"), age = document.getElementById("screen-age");
  var time = document.getElementById("screen-time");
  var heard = Date.now(), ahead = 0, asking = false, sounded = 0, audio = null;

  function say(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }
  function now() { return Date.now() + ahead; }
  function state() { return region.firstElementChild ? region.firstElementChild.dataset : {}; }

  // -- asking
  function take(html) {
    var doc = new DOMParser().parseFromString(html, "text/html");
    var found = doc.getElementById("screen-glance");
    if (!found) { return; }
    region.replaceChildren(document.importNode(found, true));
    heard = Date.now();
    ahead = Date.parse(found.dataset.now) - heard;
    if (found.dataset.release !== root.dataset.release) { location.reload(); }
    tick();
  }
  function ask() {
    if (asking) { return; }
    asking = true;
    var stop = window.AbortController ? new AbortController() : null;
    var timer = setTimeout(function () { if (stop) { stop.abort(); } }, 10000);
    fetch(root.dataset.ask, { credentials: "same-origin", cache: "no-store", signal: stop ? stop.signal : undefined })
      .then(function (answer) {
        if (answer.status === 401) { location.reload(); return ""; }
        return answer.ok ? answer.text() : "";
      })
      .then(function (html) { if (html) { take(html); } })
      .catch(function () { /* irm is away: said by the age of what is shown */ })
      .then(function () { clearTimeout(timer); asking = false; });
  }

  // -- counting
  function left(milliseconds) {
    var minutes = Math.floor(Math.abs(milliseconds) / 60000), hours = Math.floor(minutes / 60);
    var text = hours ? say(words.hours, { h: hours, m: minutes % 60 }) : say(words.minutes, { m: minutes });
    return say(milliseconds > 0 ? words.left : words.over, { duration: text });
  }
  function two(number) { return (number < 10 ? "0" : "") + number; }
  function tick() {
    var at = now(), old = Date.now() - heard;
    Array.prototype.forEach.call(region.querySelectorAll("[data-due]"), function (one) {
      var rest = Date.parse(one.dataset.due) - at;
      one.querySelector("b").textContent = left(rest);
      one.classList.toggle("is-over", rest <= 0);
      one.classList.toggle("is-soon", rest > 0 && rest <= 3600000);
    });
    // Always the city's time, whatever this device's zone is.
    var there = new Date(at + 8 * 3600000);
    time.textContent = two(there.getUTCHours()) + ":" + two(there.getUTCMinutes()) + ":" + two(there.getUTCSeconds());
    age.textContent = say(words.age, { n: Math.round(old / 1000) });
    root.classList.toggle("is-old", old > stale);
    cut.hidden = old <= stale;
    if (old > stale) { cut.textContent = say(words.cut, { n: Math.round(old / 1000) }); }
    var alarm = state().sounds;
    mute.hidden = Boolean(audio && audio.state === "running");
    if (alarm && Date.now() - sounded >= again) { sounded = Date.now(); sound(alarm.indexOf("grave") >= 0); }
  }

  // -- sounding
  function ready() {
    var Audio = window.AudioContext || window.webkitAudioContext;
    if (!audio && Audio) { audio = new Audio(); }
    if (audio && audio.state !== "running") { audio.resume().catch(function () { /* needs a hand on the screen first */ }); }
    return audio;
  }
  function tone(pitch, from, length) {
    var source = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + from;
    source.type = "square";
    source.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.35, at + 0.02);
    volume.gain.setValueAtTime(0.35, at + length - 0.03);
    volume.gain.linearRampToValueAtTime(0, at + length);
    source.connect(volume);
    volume.connect(audio.destination);
    source.start(at);
    source.stop(at + length);
  }
  function sound(grave) {
    if (!ready() || audio.state !== "running") { return; }
    root.dataset.sounded = String(Number(root.dataset.sounded || 0) + 1);
    if (grave) { [880, 660, 880, 660, 880, 660].forEach(function (pitch, n) { tone(pitch, n * 0.35, 0.32); }); return; }
    [740, 740].forEach(function (pitch, n) { tone(pitch, n * 0.4, 0.25); });
  }
  function test() {
    ready();
    if (!audio) { return; }
    Promise.resolve(audio.state === "running" ? null : audio.resume()).then(function () { sound(true); tick(); });
  }
  mute.addEventListener("click", test);
  document.getElementById("screen-test").addEventListener("click", test);
  document.getElementById("screen-full").addEventListener("click", function () {
    if (document.fullscreenElement) { document.exitFullscreen(); } else { document.documentElement.requestFullscreen(); }
  });

  var first = state();
  if (first.now) { ahead = Date.parse(first.now) - heard; }
  ready();
  tick();
  setInterval(tick, 1000);
  setInterval(ask, every);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { ask(); } });
})();
