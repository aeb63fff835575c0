/// Writes what was found on a page: as ALTO 4.2, or as hOCR 1.2, with boxes, baselines and confidences.
public enum LayoutWriter {
  /// The layout as ALTO 4.2. Reading it gives regions, lines and words as they were.
  public static func alto(_ layout: PageLayout) -> String {
    var xml = """
      <?xml version="1.0" encoding="UTF-8"?>
      <alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" \
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
      xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# \
      http://www.loc.gov/standards/alto/v4/alto-4-2.xsd">
        <Description>
          <MeasurementUnit>pixel</MeasurementUnit>

      """
    if let name = layout.pictureName {
      xml +=
        "    <sourceImageInformation><fileName>\(escapedForXML(name))</fileName></sourceImageInformation>\n"
    }
    xml += "  </Description>\n"
    let kinds = Array(Set(layout.regions.compactMap(\.kind))).sorted()
    if !kinds.isEmpty {
      xml += "  <Tags>\n"
      for (index, kind) in kinds.enumerated() {
        xml += "    <OtherTag ID=\"K\(index)\" LABEL=\"\(escapedForXML(kind))\"/>\n"
      }
      xml += "  </Tags>\n"
    }
    let size = "WIDTH=\"\(layout.width)\" HEIGHT=\"\(layout.height)\""
    xml += "  <Layout>\n    <Page ID=\"page\" PHYSICAL_IMG_NR=\"1\" \(size)>\n"
    xml += "      <PrintSpace HPOS=\"0\" VPOS=\"0\" \(size)>\n"
    var identifiers = Identifiers()
    for region in layout.regions {
      let tag = region.kind.flatMap { kinds.firstIndex(of: $0) }.map { " TAGREFS=\"K\($0)\"" } ?? ""
      xml +=
        "        <TextBlock ID=\"\(identifiers.next(region.identifier, "region"))\"\(tag) \(place(region.box))>\n"
      xml += "          \(shape(region.polygon))\n"
      for line in region.lines { xml += altoLine(line, identifiers.next(line.identifier, "line")) }
      xml += "        </TextBlock>\n"
    }
    return xml + "      </PrintSpace>\n    </Page>\n  </Layout>\n</alto>\n"
  }

  private static func altoLine(_ line: TextLine, _ identifier: String) -> String {
    let baseline = line.baseline.isEmpty ? "" : " BASELINE=\"\(points(line.baseline, separator: " "))\""
    var xml = "          <TextLine ID=\"\(identifier)\"\(baseline) \(place(line.box))>\n"
    xml += "            \(shape(line.polygon))\n"
    if !line.words.isEmpty {
      for (index, word) in line.words.enumerated() {
        if index > 0 { xml += "            <SP/>\n" }
        xml += "            \(string(word.text, word.box, word.confidence))\n"
      }
    } else if let text = line.text {
      xml += "            \(string(text, line.box, line.confidence))\n"
    }
    return xml + "          </TextLine>\n"
  }

  private static func string(_ text: String, _ box: Picture.Rectangle, _ confidence: Double?) -> String {
    let sure = confidence.map { " WC=\"\(rounded($0, 4))\"" } ?? ""
    return "<String CONTENT=\"\(escapedForXML(text))\" \(place(box))\(sure)/>"
  }

  private static func place(_ box: Picture.Rectangle) -> String {
    "HPOS=\"\(box.x)\" VPOS=\"\(box.y)\" WIDTH=\"\(box.width)\" HEIGHT=\"\(box.height)\""
  }

  private static func shape(_ polygon: [PagePoint]) -> String {
    "<Shape><Polygon POINTS=\"\(points(polygon, separator: " "))\"/></Shape>"
  }

  private static func points(_ points: [PagePoint], separator: String) -> String {
    points.map { "\(rounded($0.x, 1))\(separator)\(rounded($0.y, 1))" }.joined(separator: " ")
  }

  /// A number with few digits, and none behind the point where it is whole.
  private static func rounded(_ value: Double, _ digits: Int) -> String {
    let scale = digits == 1 ? 10.0 : 10_000
    let number = (value * scale).rounded() / scale
    return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
  }

  /// Identifiers that XML allows, each once.
  private struct Identifiers {
    private var used: Set<String> = []

    mutating func next(_ wanted: String, _ kind: String) -> String {
      var base = wanted.isEmpty ? kind : wanted
      let isName = base.utf8.allSatisfy { byte in
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte.digit != nil || byte == 0x5F || byte == 0x2D
      }
      if !isName || base.utf8.first?.digit != nil || base.hasPrefix("-") { base = kind }
      var result = base
      var number = used.count
      while !used.insert(result).inserted {
        number += 1
        result = "\(base)_\(number)"
      }
      return result
    }
  }

  /// The layout as hOCR 1.2: HTML in which every region, line and word names its box.
  public static func hocr(_ layout: PageLayout, title: String = "") -> String {
    let image = layout.pictureName.map { "image &quot;\(escapedForXML($0))&quot;; " } ?? ""
    var html = """
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE html>
      <html xmlns="http://www.w3.org/1999/xhtml">
      <head>
        <title>\(escapedForXML(title))</title>
        <meta charset="utf-8"/>
        <meta name="ocr-system" content="unroll"/>
        <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word"/>
      </head>
      <body>
        <div class="ocr_page" id="page_1" title="\(image)bbox 0 0 \(layout.width) \(layout.height); ppageno 0">

      """
    var lineNumber = 0
    var wordNumber = 0
    for (index, region) in layout.regions.enumerated() {
      let box = bbox(region.box)
      html += "    <div class=\"ocr_carea\" id=\"block_\(index + 1)\" title=\"\(box)\">\n"
      html += "      <p class=\"ocr_par\" id=\"par_\(index + 1)\" title=\"\(box)\">\n"
      for line in region.lines {
        lineNumber += 1
        html +=
          "        <span class=\"ocr_line\" id=\"line_\(lineNumber)\" title=\"\(bbox(line.box))\(slope(line))"
        html += "\(line.words.isEmpty ? sure(line.confidence) : "")\">"
        if line.words.isEmpty { html += escapedForXML(line.text ?? "") }
        for (place, word) in line.words.enumerated() {
          wordNumber += 1
          html += place > 0 ? " " : ""
          html +=
            "<span class=\"ocrx_word\" id=\"word_\(wordNumber)\" title=\"\(bbox(word.box))\(sure(word.confidence))\">"
          html += "\(escapedForXML(word.text))</span>"
        }
        html += "</span>\n"
      }
      html += "      </p>\n    </div>\n"
    }
    return html + "  </div>\n</body>\n</html>\n"
  }

  private static func bbox(_ box: Picture.Rectangle) -> String {
    "bbox \(box.x) \(box.y) \(box.right) \(box.bottom)"
  }

  private static func sure(_ confidence: Double?) -> String {
    confidence.map { "; x_wconf \(Int(($0 * 100).rounded()))" } ?? ""
  }

  /// The baseline as hOCR states it: a slope, and a distance from the lower left corner, downwards.
  private static func slope(_ line: TextLine) -> String {
    guard let first = line.baseline.first, let last = line.baseline.last, last.x > first.x else { return "" }
    let slope = (last.y - first.y) / (last.x - first.x)
    let atLeft = first.y + slope * (Double(line.box.x) - first.x)
    return "; baseline \(rounded(slope, 4)) \(rounded(atLeft - Double(line.box.bottom), 1))"
  }
}
