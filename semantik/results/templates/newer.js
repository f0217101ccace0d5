  // -- A page of an indexing that went on: whether there is more to find by now, and asking again -------------
  const newer = document.getElementById("newer");
  const EVERY = 5000; // ms between two looks, while anybody sees the page
  if (newer) {
    const look = async () => {
      if (document.hidden || !live || asking) return;
      try {
        const response = await fetch(`${link}/newer`, { cache: "no-store", signal: AbortSignal.timeout(2000) });
        const count = response.ok ? (await response.json()).count : 0;
        newer.textContent = newer.dataset[plurals.select(count)].replace("#", numbers.format(count));
        newer.hidden = !count;
      } catch {
        // The next look or the next ping will tell.
      }
    };
    newer.addEventListener("click", (event) => {
      event.preventDefault();
      const { words, topK } = newer.dataset;
      go("refine", topK ? { words, choices: { top_k: topK } } : { words });
    });
    whenLive = look;
    setInterval(look, EVERY);
  }
