  // -- The viewer -----------------------------------------------------------------------------------------
  const part = (selector) => viewer.querySelector(selector);
  let sequence = []; // the hits that were in sight when it opened
  let shown = 0;

  const show = (index) => {
    shown = index;
    const hit = sequence[index];
    const anchor = linkOf(hit);
    const small = hit.querySelector("img");
    const stage = part(".stage");
    const isShown = () => viewer.open && sequence[shown] === hit;
    const frame = (width, height) => width && stage.style.setProperty("--ratio", width / height);
    stage.replaceChildren();
    part(".title bdi").textContent = textOf(hit, ".name");
    part(".of").textContent = `${numbers.format(index + 1)} / ${numbers.format(sequence.length)}`;
    part(".facts .score").textContent = textOf(hit, ".score");
    part(".in").textContent = textOf(hit, ".folder");
    for (const fact of ["date", "pixels", "camera", "people"]) part(`.${fact}`).textContent = anchor.dataset[fact] ?? "";
    for (const trouble of [".reduced", ".absent"]) part(trouble).hidden = true;
    // What the browser cannot show, or what is not there.
    const fail = () => {
      const away = hit.querySelector(".away") !== null;
      part(away ? ".absent" : ".reduced").hidden = false;
      if (away) part(".open").hidden = true;
    };
    part(".open").hidden = anchor.target !== "_blank"; // a script might run in it
    part(".open").href = anchor.href;
    part(".previous").disabled = index === 0;
    part(".next").disabled = index === sequence.length - 1;
    if (document.activeElement.disabled) viewer.focus(); // a button that goes must not take the keyboard along
    part(".choose")?.setAttribute("aria-pressed", hit.querySelector(".pick").checked);
    const copy = part(".copy");
    copy.dataset.label ??= copy.textContent;
    copy.textContent = copy.dataset.label;
    copy.hidden = pathOf(fileOf(hit)) === null || !navigator.clipboard;
    if (small) {
      const preview = small.cloneNode();
      preview.loading = "eager";
      frame(small.getAttribute("width"), small.getAttribute("height"));
      stage.replaceChildren(preview);
    }
    if (anchor.dataset.moment) {
      const video = document.createElement("video");
      video.controls = true;
      video.preload = "metadata";
      if (small) video.poster = small.src;
      video.setAttribute("aria-label", textOf(hit, ".name"));
      video.addEventListener("error", () => {
        if (isShown()) fail();
      });
      video.src = fileOf(hit); // begins where its fragment says
      stage.replaceChildren(video);
      return;
    }
    const full = new Image();
    full.alt = textOf(hit, ".name");
    full.addEventListener("load", () => {
      if (!isShown()) return;
      frame(full.naturalWidth, full.naturalHeight);
      stage.replaceChildren(full);
      part(".pixels").textContent ||= `${numbers.format(full.naturalWidth)} × ${numbers.format(full.naturalHeight)} px`;
      for (const near of [index + 1, index - 1]) if (sequence[near] && !linkOf(sequence[near]).dataset.moment) new Image().src = fileOf(sequence[near]);
    });
    full.addEventListener("error", () => {
      if (!isShown()) return;
      // The program can decode what the browser cannot.
      const other = live && `${link}/hits/${hit.querySelector(".pick").value}/picture`;
      if (other && full.src !== other) full.src = other;
      else fail();
    });
    full.src = fileOf(hit);
  };
  const step = (by) => {
    const index = Math.min(Math.max(shown + by, 0), sequence.length - 1);
    if (index !== shown) show(index);
  };
  const enlarge = (hit) => {
    sequence = hitsInSight();
    viewer.showModal();
    viewer.focus();
    show(sequence.indexOf(hit));
  };

  if (viewer?.showModal) {
    root.classList.add("js");
    document.querySelector(".hits").addEventListener("click", (event) => {
      const clicked = event.target.closest(".zoom, .frame a");
      // With a key held down, a link does what the browser's links do: another tab or window, a download.
      if (!clicked || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      enlarge(clicked.closest(".hit"));
    });
    document.getElementById("new-tab").textContent = document.getElementById("in-viewer").textContent;
    part(".stage").addEventListener("click", (event) => {
      if (event.target.matches("img")) part(".open:not([hidden])")?.click();
    });
    part(".previous").addEventListener("click", () => step(-1));
    part(".next").addEventListener("click", () => step(1));
    part(".close").addEventListener("click", () => viewer.close());
    viewer.addEventListener("keydown", (event) => {
      if (event.target.closest("video")) return; // the arrows are the player's there
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const by = { ArrowLeft: -1, ArrowRight: 1, Home: -sequence.length, End: sequence.length }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      step(by);
    });
    viewer.addEventListener("close", () => {
      part(".stage").replaceChildren();
      const anchor = linkOf(sequence[shown]);
      anchor.scrollIntoView({ block: "nearest" });
      anchor.focus();
    });
  }
