// Passkeys: a form asks the device before it is sent. Chromium 86 reads no options from JSON, so bytes are made here.
(function () {
  "use strict";
  function bytes(text) {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), function (one) { return one.charCodeAt(0); });
  }
  function text(buffer) {
    var raw = "";
    new Uint8Array(buffer).forEach(function (one) { raw += String.fromCharCode(one); });
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function ready(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) { options.user.id = bytes(options.user.id); }
    (options.allowCredentials || []).concat(options.excludeCredentials || []).forEach(function (one) { one.id = bytes(one.id); });
    return { publicKey: options };
  }
  function answer(credential) {
    var said = { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: {} };
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (credential.response[name]) { said.response[name] = text(credential.response[name]); }
    });
    return JSON.stringify(said);
  }
  function asked(form) {
    if (form.dataset.given) { return Promise.resolve(JSON.parse(form.dataset.given)); }
    return fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } })
      .then(function (response) {
        return response.json().then(function (body) {
          if (!response.ok) { throw new Error(body.detail); }
          return body;
        });
      });
  }
  function wake(form) {
    if (!window.PublicKeyCredential || !window.isSecureContext || location.origin !== form.dataset.origin) {
      document.querySelectorAll("[data-passkey-elsewhere]").forEach(function (node) { node.hidden = false; });
      return;
    }
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var said = form.querySelector("[data-passkey-said]");
      var button = form.querySelector("button");
      said.hidden = true;
      button.disabled = true;
      asked(form).then(function (options) {
        return navigator.credentials[form.dataset.passkey](ready(options));
      }).then(function (credential) {
        form.querySelector("[data-passkey-answer]").value = answer(credential);
        form.submit();
      }).catch(function (error) {
        button.disabled = false;
        // The browser's own errors speak its language and name no remedy; the server's are for the reader.
        var own = error instanceof DOMException || error instanceof TypeError || !error.message;
        said.textContent = error.name === "InvalidStateError" ? form.dataset.known : own ? form.dataset.failed : error.message;
        said.hidden = false;
      });
    });
  }
  document.querySelectorAll("form[data-passkey]").forEach(wake);
})();
