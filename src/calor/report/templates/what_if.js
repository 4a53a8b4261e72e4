"use strict";
// Looks precomputed numbers up; computes none. What `data` holds is said in what_if_page.py.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { grid, rows, start } = data;
  const { cutoffs, links, rates, repeats, metrics } = grid;
  const metric = Object.fromEntries(metrics.map((name, index) => [name, index]));
  const stated = { link: links.indexOf(grid.stated.link), rate: rates.indexOf(grid.stated.rate) };
  const element = (id) => document.getElementById(id);
  const [cutoff, link, rate, windows, tests] = ["cutoff", "link", "rate", "window", "tests"].map(element);

  // One number of the grid; null where no benefit is expected.
  const value = (name, repeat, at, l, r) =>
    grid.values[(((repeat * cutoffs.length + at) * links.length + l) * rates.length + r) * metrics.length + metric[name]];

  const state = () => ({ repeat: Number(tests.value), at: Number(cutoff.value), l: Number(link.value), r: Number(rate.value) });
  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const number = (x, digits) =>
    x.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const said = (name, x) => {
    if (x === null) return "none";
    const { digits, percent } = rows[name];
    return percent ? `${number(100 * x, digits)}\u00a0%` : number(x, digits);
  };
  const withError = (of, name) => {
    const text = said(name, of(name));
    return name === "assurance" && of(name) !== null ? `${text} (SE ${number(100 * of("assurance_se"), 1)})` : text;
  };
  const gateWords = ({ repeat, at }) => {
    const { tests: n, words, window } = repeats[repeat];
    const rule = n ? `${data.biomarker} ≥ ${cutoffs[at]} ${data.markerUnit} ${words}` : "No gate";
    return `${rule}, ${data.windows[window]}`;
  };

  function answer(now, of) {
    const assured = of("assurance");
    element("said").textContent = assured === null
      ? `${gateWords(now)}: no benefit is expected here, and no trial is sized.`
      : `${gateWords(now)}: ${said("participants", of("participants"))} participants, ${said("months", of("months"))} months, ` +
        `power ${said("power", of("power"))}, assurance ${withError(of, "assurance")}.`;
    element("limits").textContent = assured === null ? ""
      : of("feasible") ? "Within the limits." : "Beyond the limits of cost, months or least power: not to be recommended.";
    element("back").disabled = now.repeat === start.repeat && now.at === start.cutoff &&
      now.l === stated.link && now.r === stated.rate;
  }

  const spread = (points) => [Math.min(...points), Math.max(...points)];
  const x = (at, from, to) =>
    cutoffs.length === 1 ? (from + to) / 2
      : from + (to - from) * Math.log(cutoffs[at] / cutoffs[0]) / Math.log(cutoffs[cutoffs.length - 1] / cutoffs[0]);
  // A path through the points that there are; it breaks where no benefit is expected.
  const path = (points) => points.map((p, i) => p === null ? "" : `${i && points[i - 1] ? "L" : "M"}${p[0].toFixed(1)} ${p[1].toFixed(1)}`).join("");

  function course(svg, name, now) {
    const along = cutoffs.map((_, at) => value(name, now.repeat, at, now.l, now.r));
    const [low, high] = spread(along.filter((y) => y !== null));
    const y = (v) => high > low ? 21 - 18 * (v - low) / (high - low) : 12;
    const points = along.map((v, at) => v === null ? null : [x(at, 4, 106), y(v)]);
    const here = points[now.at];
    svg.innerHTML = `<path d="${path(points)}"/>` +
      (here ? `<circle class="mark" cx="${here[0].toFixed(1)}" cy="${here[1].toFixed(1)}" r="3.5"/>` : "");
  }

  const LEFT = 44, RIGHT = 500, TOP = 14, BOTTOM = 244;
  const height = (share) => BOTTOM - (BOTTOM - TOP) * share;

  function frame() {
    const lines = [0, 20, 40, 60, 80, 100].map((p) =>
      `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${height(p / 100)}" y2="${height(p / 100)}"/>` +
      `<text class="axis" x="${LEFT - 8}" y="${height(p / 100) + 4}" text-anchor="end">${p}</text>`);
    let last = -Infinity;
    const ticks = cutoffs.map((c, at) => {
      const place = x(at, LEFT, RIGHT);
      if (place - last < 26) return "";
      last = place;
      return `<text class="axis" x="${place.toFixed(1)}" y="${BOTTOM + 18}" text-anchor="middle">${c}</text>`;
    });
    return lines.join("") + ticks.join("") +
      `<text class="axis" x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">Cut-off of ${safe(data.biomarker)} (${safe(data.markerUnit)})</text>` +
      `<text class="axis" transform="translate(10 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">Probability (%)</text>`;
  }

  function chart(now, of) {
    const curve = (name) => cutoffs.map((_, at) => {
      const share = value(name, now.repeat, at, now.l, now.r);
      return share === null ? null : [x(at, LEFT, RIGHT), height(share)];
    });
    const drawn = ["power", "assurance"].map((name) => {
      const points = curve(name), first = points.find((p) => p);
      return `<path class="line ${name}" d="${path(points)}"/>` +
        points.map((p) => p ? `<circle class="dot" cx="${p[0].toFixed(1)}" cy="${p[1].toFixed(1)}" r="2.5"/>` : "").join("") +
        (first ? `<text x="${first[0] + 4}" y="${first[1] - 8}">${name}</text>` : "");
    });
    const place = x(now.at, LEFT, RIGHT), assured = of("assurance"), twice = 2 * of("assurance_se");
    const mark = assured === null ? "" :
      `<line class="here" x1="${place}" x2="${place}" y1="${height(Math.min(assured + twice, 1))}" y2="${height(Math.max(assured - twice, 0))}"/>` +
      ["power", "assurance"].map((n) => `<circle class="mark" cx="${place}" cy="${height(of(n))}" r="5"/>`).join("");
    const same = now.repeat === start.repeat && now.at !== start.cutoff;
    const from = same ? value("assurance", start.repeat, start.cutoff, now.l, now.r) : null;
    const ring = from === null ? "" : `<circle class="from" cx="${x(start.cutoff, LEFT, RIGHT)}" cy="${height(from)}" r="5"/>`;
    element("chart").innerHTML = frame() + drawn.join("") + ring + mark;
  }

  function move() {
    const now = state();
    const of = (name) => value(name, now.repeat, now.at, now.l, now.r);
    const compared = (name) => value(name, start.repeat, start.cutoff, now.l, now.r);
    cutoff.disabled = repeats[now.repeat].tests === 0;
    const words = cutoff.disabled ? "no gate" : `≥ ${cutoffs[now.at]} ${data.markerUnit}`;
    element("cutoff-said").textContent = words;
    cutoff.setAttribute("aria-valuetext", words);
    for (const [control, points] of [[link, links], [rate, rates]]) {
      const own = points[Number(control.value)];
      const text = own === grid.stated[control.id] ? `${own} (as stated)` : String(own);
      element(`${control.id}-said`).textContent = text;
      control.setAttribute("aria-valuetext", text);
    }
    answer(now, of);
    for (const row of document.querySelectorAll("tr[data-metric]")) {
      const name = row.dataset.metric;
      row.querySelector(".now").textContent = withError(of, name);
      row.querySelector(".start").textContent = withError(compared, name);
      course(row.querySelector("svg"), name, now);
    }
    chart(now, of);
  }

  // The tests that the window has time for; the number asked for is kept where it can be.
  function fillTests() {
    const before = tests.selectedOptions[0]?.textContent;
    tests.replaceChildren(...repeats.flatMap((own, index) =>
      own.window === windows.value ? [new Option(own.words, index, false, own.words === before)] : []));
  }

  function reset() {
    windows.value = repeats[start.repeat].window;
    fillTests();
    tests.value = start.repeat;
    cutoff.value = start.cutoff;
    link.value = stated.link;
    rate.value = stated.rate;
    move();
  }

  cutoff.max = cutoffs.length - 1;
  link.max = links.length - 1;
  rate.max = rates.length - 1;
  element("cutoff-stops").replaceChildren(...cutoffs.map((c, at) => new Option(String(c), at)));
  windows.replaceChildren(...Object.entries(data.windows).map(([id, words]) => new Option(words, id)));
  document.querySelector(".moves").addEventListener("submit", (event) => event.preventDefault());
  for (const control of [cutoff, link, rate, tests]) control.addEventListener("input", move);
  windows.addEventListener("input", () => { fillTests(); move(); });
  element("back").addEventListener("click", reset);
  reset();
})();
