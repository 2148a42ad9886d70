"""A picture of memory over time, as SVG."""

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 420, 60, 40, 30
COLOURS = {"live": "#888888", "glibc": "#1f77b4", "default": "#d62728", "light": "#2ca02c"}
POINTS = 600  # the most that a line has


def thinned(times, values):
    """As many points as can be seen: of each stretch the last time and the largest value."""
    step = max(1, len(values) // POINTS)
    return [(times[min(i + step, len(times)) - 1], max(values[i:i + step]))
            for i in range(0, len(values), step)]


def write(path, times, series):
    """Draws each series of bytes over times in seconds."""
    last = max(times[-1], 1e-9)
    most = max(max(values) for values in series.values()) * 1.05
    def x(t):
        return LEFT + t / last * (WIDTH - LEFT - 10)
    def y(v):
        return HEIGHT - BOTTOM - v / most * (HEIGHT - BOTTOM - TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for i in range(5):
        value = most * i / 4
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - 10}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
                   f'{value / (1 << 20):.0f} MiB</text>')
        out.append(f'<text x="{x(last * i / 4):.1f}" y="{HEIGHT - 18}" text-anchor="middle">'
                   f'{last * i / 4:.0f} s</text>')
    for i, (name, values) in enumerate(series.items()):
        points = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in thinned(times, values))
        colour = COLOURS[name]
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>'
                   f'<text x="{LEFT + 20 + 110 * i}" y="18" fill="{colour}">{name}</text>')
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n</svg>\n")
