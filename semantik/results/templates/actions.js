  // -- What can be done with one picture: in the viewer, and from the menu of a card --------------------
  const menu = document.getElementById("menu");
  const items = menu ? [...menu.children] : [];
  let menuHit = null;

  const copyPath = async (hit, button) => {
    try {
      await navigator.clipboard.writeText(pathOf(fileOf(hit)));
      if (button.dataset.done) button.textContent = button.dataset.done;
      else tell(told.dataset.copied);
    } catch {
      button.hidden = true; // the browser forbids it
    }
  };
  const act = (button, hit) => {
    const number = Number(hit.querySelector(".pick")?.value);
    if (button.dataset.act === "similar") go("similar", { hit: number });
    else if (button.dataset.act === "reveal") request("reveal", { hit: number });
    else copyPath(hit, button);
  };

  viewer?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) act(button, sequence[shown]);
  });

  if (menu?.showPopover) {
    let opener = null;
    document.querySelector(".hits").addEventListener("click", (event) => {
      const button = event.target.closest(".menu");
      if (!button) return;
      opener = button;
      menuHit = button.closest(".hit");
      items.at(-1).hidden = pathOf(fileOf(menuHit)) === null || !navigator.clipboard;
      menu.showPopover();
      const [at, size] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
      const below = at.bottom + 4 + size.height <= innerHeight;
      const top = below ? at.bottom + 4 : Math.max(8, at.top - 4 - size.height);
      const left = Math.min(Math.max(8, at.right - size.width), root.clientWidth - size.width - 8);
      Object.assign(menu.style, { top: `${top}px`, left: `${left}px` });
      items[0].focus({ preventScroll: true });
    });
    menu.addEventListener("toggle", (event) => {
      opener.setAttribute("aria-expanded", event.newState === "open");
    });
    menu.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (!button) return;
      menu.hidePopover();
      opener.focus({ preventScroll: true });
      act(button, menuHit);
    });
    menu.addEventListener("keydown", (event) => {
      const usable = items.filter((item) => !item.hidden);
      const at = usable.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (event.key === "Tab") menu.hidePopover();
      if (to === undefined) return;
      event.preventDefault();
      usable.at(to % usable.length).focus();
    });
    document.addEventListener("scroll", () => menu.matches(":popover-open") && menu.hidePopover(), { passive: true });
  }
