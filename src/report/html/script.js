"use strict";
(() => {
  const notes = [...document.querySelectorAll("details.note")];
  const filters = [...document.querySelectorAll("button[data-filter]")];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  let verdict = "";

  function apply() {
    const words = search.value.trim().toLowerCase();
    let count = 0;
    for (const note of notes) {
      const fits = (!verdict || note.dataset.verdict === verdict)
        && (!words || note.dataset.search.includes(words));
      note.hidden = !fits;
      if (fits) count += 1;
    }
    shown.textContent = String(count);
    none.hidden = count > 0;
    for (const button of filters) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === verdict));
    }
  }

  // A note's page lies in its script element as text until the note is opened: a batch of thousands
  // then costs the browser only its list.
  function fill(note) {
    const text = note.querySelector(":scope > script");
    if (!text) return;
    const body = document.createElement("div");
    body.className = "body";
    body.innerHTML = text.textContent;
    text.replaceWith(body);
  }

  function open(note) {
    fill(note);
    note.open = true;
  }

  function follow() {
    const note = document.getElementById(location.hash.slice(1));
    if (!note || !note.matches("details.note")) return;
    if (note.hidden) {
      verdict = "";
      search.value = "";
      apply();
    }
    open(note);
    note.scrollIntoView();
    note.querySelector("summary").focus();
  }

  function copy(button) {
    const fields = button.closest("section").querySelector("[data-fields]");
    const range = document.createRange();
    range.selectNodeContents(fields);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (document.execCommand("copy")) button.textContent = button.dataset.done;
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.note") && event.target.open) fill(event.target);
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const data = button.dataset;
    if ("filter" in data) {
      verdict = verdict === data.filter ? "" : data.filter;
      apply();
    } else if ("show" in data) {
      const pictures = button.closest(".pictures");
      for (const figure of pictures.querySelectorAll("figure")) {
        figure.hidden = figure.dataset.picture !== data.show;
      }
      for (const other of pictures.querySelectorAll("button[data-show]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
    } else if ("all" in data) {
      for (const note of notes) {
        if (data.all === "close") note.open = false;
        else if (!note.hidden) open(note);
      }
    } else if ("print" in data) {
      print();
    } else if ("copy" in data) {
      copy(button);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-zones]")) {
      event.target.closest(".pictures").classList.toggle("all-zones", event.target.checked);
    }
  });
  search.addEventListener("input", apply);
  addEventListener("hashchange", follow);
  apply();
  follow();
})();
