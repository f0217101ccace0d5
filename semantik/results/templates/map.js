  // -- The map: a dot shows the pictures that were taken there, and once more all of them ------------------
  const map = document.querySelector(".map");
  if (map) {
    const dots = [...map.querySelectorAll(".dot")];
    const told = map.querySelector("[role=status]");
    const all = map.querySelector("button");
    const items = [...document.querySelectorAll("[data-cards]:not(.dot)")];
    const showAt = (chosen) => {
      for (const dot of dots) dot.setAttribute("aria-pressed", dot === chosen);
      const there = chosen && new Set(chosen.dataset.cards.split(" "));
      for (const item of items) item.classList.toggle("elsewhere", there && !item.dataset.cards.split(" ").some((card) => there.has(card)));
      told.textContent = chosen ? chosen.getAttribute("aria-label") : "";
      all.hidden = !chosen;
    };
    const press = (dot) => showAt(dot.getAttribute("aria-pressed") === "true" ? null : dot);
    for (const dot of dots) {
      dot.addEventListener("click", () => press(dot));
      dot.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        press(dot);
      });
    }
    all.addEventListener("click", () => {
      const pressed = map.querySelector('[aria-pressed="true"]');
      showAt(null);
      pressed?.focus();
    });
  }
