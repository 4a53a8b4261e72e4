// Draw a figure anew once it comes into view, so that it answers to the pointer. Without script the drawing that the
// server made stays; it is also what is printed. Expressions are interpreted, never evaluated: the policy forbids that.
const OPTIONS = {
  mode: "vega-lite",
  ast: true,
  actions: false,
  renderer: "svg",
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true, formatTooltip: told },
  config: { mark: { tooltip: { content: "data" } } },
};

// Say what a mark stands for: a line for each value. A lone x or y is a place on the drawing, no value.
function told(values, sanitize) {
  const placed = "x" in values !== "y" in values;
  const rows = Object.entries(values)
    .filter(([name, value]) => value !== null && value !== "" && !(placed && (name === "x" || name === "y")))
    .map(([name, value]) => `<tr><td class="key">${sanitize(name)}</td><td>${sanitize(rounded(value))}</td></tr>`);
  return rows.length ? `<table>${rows.join("")}</table>` : "";
}

function rounded(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))).replace("-", "−") : String(value);
}

async function draw(place) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const fresh = document.createElement("div");
  fresh.className = "live";
  await vegaEmbed(fresh, spec, OPTIONS);
  const svg = fresh.querySelector("svg");
  for (const mark of svg.querySelectorAll("[role]")) {
    for (const name of ["role", "aria-roledescription", "aria-label", "aria-hidden"]) mark.removeAttribute(name);
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", place.dataset.title);
  place.append(fresh);
  place.classList.add("drawn");
}

document.addEventListener("DOMContentLoaded", () => {
  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        near.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "300px" },
  );
  document.querySelectorAll("[data-chart]").forEach((place) => near.observe(place));
});
