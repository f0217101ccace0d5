  // -- The running program: whether it answers, and asking it -------------------------------------------
  const link = document.body.dataset.link;
  const told = document.getElementById("told");
  let live = false;
  let saidGone = false;
  let asking = false;
  let fading = 0;
  let whenLive = () => {}; // what a page wants to know as soon as the program answers

  const tell = (message) => {
    clearTimeout(fading);
    (viewer?.open ? viewer : document.body).append(told); // what is outside an open dialog is not announced
    told.textContent = message;
    if (!asking) fading = setTimeout(() => (told.textContent = ""), 12_000); // what is under way stays told
  };

  const setLive = (answers) => {
    const was = live;
    live = answers;
    root.classList.toggle("live", live);
    if (live && !was) whenLive();
    if (was && !live && !saidGone) {
      saidGone = true;
      document.getElementById("menu")?.hidePopover();
      tell(told.dataset.gone);
    }
  };

  const ping = async () => {
    try {
      const response = await fetch(`${link}/ping`, { cache: "no-store", signal: AbortSignal.timeout(2000) });
      setLive(response.status === 204);
    } catch (error) {
      if (!live || error.name !== "TimeoutError") setLive(false); // slow once is not gone
    }
    return live;
  };

  // What the program answers to a request; null, and the page says so, when it is not there any more.
  // Throws an Error with its words when it refuses.
  const ask = async (what, body) => {
    let response;
    try {
      response = await fetch(`${link}/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        cache: "no-store",
      });
    } catch {
      setLive(false);
      return null;
    }
    const answer = response.status === 204 ? {} : await response.json().catch(() => null);
    if (!response.ok || !answer) throw new Error(answer?.message || told.dataset.failed);
    return answer;
  };

  // One request at a time; its refusal goes to `say`.
  const request = async (what, body, message, say = tell) => {
    if (asking) return null;
    asking = true;
    root.classList.add("asking");
    if (message) tell(message);
    let answer = null;
    let refusal = "";
    try {
      answer = await ask(what, body);
    } catch (error) {
      refusal = error.message;
    }
    asking = false;
    root.classList.remove("asking");
    if (answer) tell(answer.message ?? "");
    else if (refusal) {
      tell("");
      say(refusal);
    }
    return answer;
  };

  const go = async (what, body, say) => {
    const answer = await request(what, body, told.dataset.working, say);
    if (answer && new URL(answer.page).protocol === "file:") location.href = answer.page;
  };

  if (link) {
    const refine = document.querySelector(".refine");
    const problem = document.getElementById("refine-told");
    const words = refine.elements.words;
    const complain = (message) => {
      problem.textContent = message;
      words.toggleAttribute("aria-invalid", Boolean(message));
    };
    refine.addEventListener("submit", (event) => {
      event.preventDefault();
      complain("");
      if (words.value.trim()) go("refine", { words: words.value }, complain);
      else words.focus();
    });
    words.addEventListener("input", () => complain(""));
    for (const lift of document.querySelectorAll(".lift"))
      lift.addEventListener("click", () => go("refine", { words: lift.dataset.words }, complain));
    const star = document.querySelector(".star");
    star?.addEventListener("click", async () => {
      const saved = star.getAttribute("aria-pressed") !== "true";
      const answer = await request("star", { words: star.dataset.words, saved }, "", complain);
      if (answer) star.setAttribute("aria-pressed", String(saved));
    });
    // A page that is come back to asks again, whether it was kept or is read anew.
    addEventListener("pageshow", ping);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !saidGone) ping();
    });
  }
