  // -- Choosing several pictures, and taking them along --------------------------------------------------
  const chosen = document.getElementById("chosen");
  if (chosen) {
    const list = document.querySelector(".hits");
    const count = chosen.querySelector(".count");
    const placesChosen = () => [...list.querySelectorAll(".pick:checked")].map((pick) => Number(pick.value));
    let last = null; // where a range begins

    const recount = () => {
      const many = list.querySelectorAll(".pick:checked").length;
      chosen.hidden = !many;
      root.classList.toggle("choosing", many > 0);
      const form = count.dataset[plurals.select(many)] ?? count.dataset.other;
      count.textContent = form.replace("#", numbers.format(many));
    };
    const pickOf = (hit) => hit.querySelector(".pick");
    const choose = (hits, on) => {
      for (const hit of hits) pickOf(hit).checked = on;
      recount();
    };

    list.addEventListener("click", (event) => {
      if (!event.target.matches(".pick")) return;
      const hit = event.target.closest(".hit");
      const hits = hitsInSight();
      const [from, to] = [hits.indexOf(last), hits.indexOf(hit)].sort((one, two) => one - two);
      if (event.shiftKey && from >= 0) choose(hits.slice(from, to + 1), event.target.checked);
      else recount();
      last = hit;
    });
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches(".pick") || chosen.hidden) return;
      event.preventDefault();
      chosen.querySelector(".main").focus();
    });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-choose]");
      if (!button) return;
      if (button.dataset.choose === "all") choose(hitsInSight(), true);
      else {
        choose(document.querySelectorAll(".hit"), false);
        document.querySelector(".tools [data-choose]").focus(); // the bar goes, and the keyboard was in it
      }
    });
    viewer.querySelector(".choose").addEventListener("click", (event) => {
      const pick = pickOf(sequence[shown]);
      pick.checked = !pick.checked;
      event.currentTarget.setAttribute("aria-pressed", pick.checked);
      recount();
    });
    chosen.querySelector("[data-copy]").addEventListener("click", () => {
      request("copy", { hits: placesChosen() }, told.dataset.pick);
    });
    chosen.addEventListener("submit", async (event) => {
      event.preventDefault();
      chosen.elements.kind.value = event.submitter.value;
      chosen.elements.hits.value = placesChosen().join(",");
      if (await ping()) chosen.submit(); // a download is no page: this one stays, and must not become an error
    });
    addEventListener("pageshow", recount); // a browser restores what was ticked
  }
