// The page is whole without this script: it adds the viewer, remembers the size of the pictures, and offers what
// the running program can do for as long as it answers.
"use strict";
(() => {
  const root = document.documentElement;
  const viewer = document.getElementById("viewer");
  const numbers = new Intl.NumberFormat(root.lang, { useGrouping: "always" });
  const plurals = new Intl.PluralRules(root.lang);

  // Hits in sight, in their order: a copy counts while its group is unfolded.
  const IN_SIGHT =
    ".hit:not(.twin), :root:has(#unfold-all:checked) .twin, .group:has(> .hit .unfold:checked) > .copies > .twin";
  const isHidden = (hit) => hit.closest(".elsewhere") || (location.hash !== "#less" && hit.closest(".less"));
  const hitsInSight = () => [...document.querySelectorAll(IN_SIGHT)].filter((hit) => !isHidden(hit));
  const linkOf = (hit) => hit.querySelector(".frame a");
  // The address of a hit's file. Its link does not lead there where a script might run: that one opens the viewer.
  const fileOf = (hit) => hit.querySelector(".zoom").value;
  const textOf = (hit, selector) => hit.querySelector(selector).textContent;

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

{% include "sizes.js" %}
{% include "program.js" %}
{% include "newer.js" %}
{% include "controls.js" %}
{% include "viewer.js" %}
{% include "map.js" %}
{% include "actions.js" %}
{% include "choosing.js" %}
})();
