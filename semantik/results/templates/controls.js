  // -- Order, number and filters: what was changed goes to the program beside the words ----------------
  const choices = document.querySelector(".choices form");
  if (choices) {
    const problem = document.getElementById("choices-told");
    const controls = [...choices.elements].filter((control) => control.name);
    const before = new Map(controls.map((control) => [
      control,
      control.options ? ([...control.options].find((option) => option.defaultSelected)?.value ?? "") : control.defaultValue,
    ]));
    choices.addEventListener("submit", (event) => {
      event.preventDefault();
      problem.textContent = "";
      const changed = controls.filter((control) => control.value.trim() !== before.get(control));
      go(
        "refine",
        {
          words: document.querySelector(".refine").elements.words.value,
          choices: Object.fromEntries(changed.map((control) => [control.name, control.value.trim()])),
        },
        (message) => (problem.textContent = message),
      );
    });
    choices.addEventListener("input", () => (problem.textContent = ""));
  }
