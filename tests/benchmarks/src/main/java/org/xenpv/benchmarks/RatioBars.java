package org.xenpv.benchmarks;

import java.util.List;
import java.util.Locale;

/** Ratios as a picture: a bar each with its interval, a mark where its goal is, and a line at 1. */
final class RatioBars {

    private static final int LEFT = 230;
    private static final int WIDTH = 900;
    private static final int ROW = 26;
    private static final int TOP = 40;

    /**
     * @param name of the row
     * @param low of the interval, and {@code high}
     * @param goal 0 for none
     */
    record Bar(String name, double ratio, double low, double high, double goal) {

        boolean isMet() {
            return ratio >= goal;
        }
    }

    private RatioBars() {}

    /** An HTML page with the picture and a text behind it. */
    static String page(String title, List<Bar> bars, String text) {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title)
                + "</title></head>\n<body>\n<h1>" + escaped(title) + "</h1>\n" + svg(bars) + "<pre>\n" + escaped(text)
                + "</pre>\n</body></html>\n";
    }

    static String svg(List<Bar> bars) {
        double most = 1;
        for (Bar bar : bars) {
            most = Math.max(most, Math.max(bar.high(), bar.goal()));
        }
        double scale = (WIDTH - LEFT - 80) / most;
        int height = TOP + bars.size() * ROW + 20;
        StringBuilder svg = new StringBuilder();
        append(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                        + "font-family=\"sans-serif\" font-size=\"12\">",
                WIDTH,
                height);
        append(svg, "<text x=\"%d\" y=\"20\">speed of ours to the kernel's; | where the goal is</text>", LEFT);
        for (int i = 0; i < bars.size(); i++) {
            bar(svg, bars.get(i), TOP + i * ROW, scale);
        }
        double one = LEFT + scale;
        append(
                svg,
                "<line x1=\"%.1f\" y1=\"30\" x2=\"%.1f\" y2=\"%d\" stroke=\"black\" stroke-dasharray=\"4\"/>",
                one,
                one,
                height - 20);
        append(svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">1</text>", one, height - 6);
        return svg.append("</svg>\n").toString();
    }

    private static void bar(StringBuilder svg, Bar bar, int y, double scale) {
        String colour = bar.goal() == 0 ? "#8899bb" : bar.isMet() ? "#449955" : "#cc5544";
        append(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LEFT - 8, y + 14, escaped(bar.name()));
        append(
                svg,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\" fill=\"%s\"/>",
                LEFT,
                y,
                bar.ratio() * scale,
                colour);
        append(
                svg,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"black\"/>",
                LEFT + bar.low() * scale,
                y + 9,
                LEFT + bar.high() * scale,
                y + 9);
        if (bar.goal() > 0) {
            double at = LEFT + bar.goal() * scale;
            append(
                    svg,
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"black\" stroke-width=\"3\"/>",
                    at,
                    y - 2,
                    at,
                    y + 20);
        }
        append(
                svg,
                "<text x=\"%.1f\" y=\"%d\">%s</text>",
                LEFT + Math.max(bar.ratio(), bar.high()) * scale + 6,
                y + 14,
                RatioTable.number(bar.ratio()));
    }

    private static void append(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
