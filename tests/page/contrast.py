"""The contrast of text against the pixels behind it, as WCAG 2 counts it (1 to 21)."""

import base64
from typing import Any

from playwright.async_api import Page

COLLECT = """() => {
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const owner = node.parentElement;
        if (!node.data.trim() || owner.closest('.unseen, template, [hidden], noscript, script')) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        const style = getComputedStyle(owner);
        const colour = owner.closest('svg') ? style.fill : style.color;
        texts.push({ text: node.data.trim(), colour, x: box.x, y: box.y, width: box.width, height: box.height });
    }
    const bare = new CSSStyleSheet();
    bare.replaceSync('* { color: transparent !important } text { fill: transparent !important }');
    document.adoptedStyleSheets = [bare];
    return texts;
}"""

JUDGE = """async ({ shot, texts }) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + shot;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const linear = (part) => (part <= 10.31475 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const light = (r, g, b) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    pen.drawImage(image, 0, 0);
    return texts.map(({ text, colour, x, y, width, height }) => {
        const ink = light(...colour.match(/[0-9.]+/g).map(Number));
        const { data } = pen.getImageData(x, y, Math.max(width, 1), Math.max(height, 1));
        let worst = 21;
        for (let n = 0; n < data.length; n += 4) {
            const behind = light(data[n], data[n + 1], data[n + 2]);
            worst = Math.min(worst, (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05));
        }
        return [text, worst];
    });
}"""


async def contrasts(page: Page, canvas: Page) -> dict[str, float]:
    """Each text that can be seen, and its contrast at its worst pixel. The page is left without its text."""
    texts: list[dict[str, Any]] = await page.evaluate(COLLECT)
    shot = base64.b64encode(await page.screenshot(full_page=True, animations="disabled")).decode()
    return dict(await canvas.evaluate(JUDGE, {"shot": shot, "texts": texts}))
