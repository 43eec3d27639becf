/** Contrast of every text with what is behind it (WCAG 2.2, 1.4.3); the value of this script. */
;(() => {
  function luminance(colour) {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  function behind(element) {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const { parentElement: parent, textContent } = walker.currentNode
    const text = (textContent ?? '').trim()
    if (parent === null || text === '' || parent.closest('svg') !== null) continue
    const [one, other] = [getComputedStyle(parent).color, behind(parent)].map(luminance)
    found.push({
      text: text.slice(0, 40),
      ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05),
    })
  }
  return found
})()
