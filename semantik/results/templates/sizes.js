  // -- The size of the pictures, remembered ------------------------------------------------------------
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
