// The page is whole without this script: it adds the viewer, and remembers the size of the pictures.
"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  const sizes = [...document.querySelectorAll("input[name=size]")];

  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("semantik.size", value);
      return localStorage.getItem("semantik.size");
    } catch {
      return null; // a browser that keeps nothing for files
    }
  };
  const before = remembered();
  for (const size of sizes) {
    if (size.value === before) size.checked = true;
    size.addEventListener("change", () => remembered(size.value));
  }

  if (!viewer || !viewer.showModal) return;
  document.documentElement.classList.add("js");

  const part = (selector) => viewer.querySelector(selector);
  const hits = [...document.querySelectorAll(".hit")];
  const numbers = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: "always" });
  const copy = part(".copy");
  const copyLabel = copy.textContent;
  let shown = 0;

  // The path behind a file address; null when its name is not text.
  const pathOf = (href) => {
    const address = new URL(href);
    try {
      const path = decodeURIComponent(address.pathname);
      if (/^\/[A-Za-z]:\//.test(path)) return path.slice(1).replaceAll("/", "\\");
      return address.host ? `\\\\${address.host}${path.replaceAll("/", "\\")}` : path;
    } catch {
      return null;
    }
  };
  const linkOf = (hit) => hit.querySelector(".frame a");
  const textOf = (hit, selector) => hit.querySelector(selector).textContent;

  const show = (index) => {
    shown = index;
    const hit = hits[index];
    const link = linkOf(hit);
    const small = hit.querySelector("img");
    const stage = part(".stage");
    const full = new Image();
    const place = (picture) => {
      if (hits[shown] === hit && viewer.open) stage.replaceChildren(picture);
    };
    stage.replaceChildren();
    part(".title bdi").textContent = textOf(hit, ".name");
    part(".of").textContent = `${numbers.format(index + 1)} / ${numbers.format(hits.length)}`;
    part(".facts .score").textContent = textOf(hit, ".score");
    part(".in").textContent = textOf(hit, ".folder");
    part(".pixels").textContent = "";
    part(".reduced").hidden = true;
    part(".open").href = link.href;
    part(".previous").disabled = index === 0;
    part(".next").disabled = index === hits.length - 1;
    if (document.activeElement.disabled) viewer.focus(); // a button that goes must not take the keyboard along
    copy.textContent = copyLabel;
    copy.hidden = pathOf(link.href) === null || !navigator.clipboard;
    full.alt = textOf(hit, ".name");
    if (small) {
      const preview = small.cloneNode();
      preview.loading = "eager";
      place(preview);
    }
    full.addEventListener("load", () => {
      place(full);
      if (hits[shown] !== hit) return;
      part(".pixels").textContent = `${numbers.format(full.naturalWidth)} × ${numbers.format(full.naturalHeight)} px`;
      for (const near of [index + 1, index - 1]) if (hits[near]) new Image().src = linkOf(hits[near]).href;
    });
    full.addEventListener("error", () => {
      if (hits[shown] === hit) part(".reduced").hidden = false;
    });
    full.src = link.href;
  };
  const step = (by) => {
    const index = Math.min(Math.max(shown + by, 0), hits.length - 1);
    if (index !== shown) show(index);
  };

  document.querySelector(".hits").addEventListener("click", (event) => {
    const button = event.target.closest(".zoom");
    if (!button) return;
    viewer.showModal();
    viewer.focus();
    show(hits.indexOf(button.closest(".hit")));
  });
  part(".previous").addEventListener("click", () => step(-1));
  part(".next").addEventListener("click", () => step(1));
  part(".close").addEventListener("click", () => viewer.close());
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pathOf(part(".open").href));
      copy.textContent = copy.dataset.done;
    } catch {
      copy.hidden = true; // the browser forbids it
    }
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -hits.length, End: hits.length }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  });
  viewer.addEventListener("close", () => {
    part(".stage").replaceChildren();
    const link = linkOf(hits[shown]);
    link.scrollIntoView({ block: "nearest" });
    link.focus();
  });
})();
