import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension ReadTask {
  /// A word that names no file, or a line of standard input: the name of a picture.
  public static func input(_ text: String, _ model: TextReader, _ options: ReadOptions) throws -> ReadInput {
    ReadInput(try PictureReader().picture(at: text), name: text)
  }

  /// The pictures of a file: a page, all pages of a TIFF, or the page that a layout belongs to.
  public static func inputs(
    contentsOf path: String, _ model: TextReader, _ options: ReadOptions, note: (String) -> Void
  ) throws -> [TaskInput<ReadInput>]? {
    do {
      if path.lowercased().hasSuffix(".xml") {
        let (picture, layout) = try LineExampleReader.page(at: path)
        return [TaskInput(ReadInput(picture, name: layout.pictureName ?? path, layout: layout), id: path)]
      }
      let pages = try PictureReader().frames(at: path)
      return pages.enumerated().map { index, page in
        TaskInput(
          ReadInput(page, name: pages.count == 1 ? path : "\(path), page \(index + 1)"), id: path)
      }
    } catch {
      guard options.skipDamaged else { throw error }
      note("left out: \(error)")
      return []
    }
  }

  public static func answers(
    _ inputs: [ReadInput], _ model: TextReader, _ options: ReadOptions, _ session: AnswerSession
  ) throws -> [ReadAnswer] {
    let decoder = try CTCDecoder(model.preparation, options.search, model.calibration)
    return try inputs.enumerated().map { index, input in
      let page = try ReadPage(input, options.content, height: model.settings.height, note: session.note)
      let texts = try read(page.lines.map(\.picture), model, decoder)
      let answer = ReadAnswer(
        page, page.layout(with: texts, model.settings), name: input.name)
      if let plot = options.plot {
        let name = plot.hasSuffix(".svg") ? String(plot.dropLast(4)) : plot
        let path = index == 0 ? plot : "\(name)-\(index + 1).svg"
        try AtomicFile.write(Array(PagePlot(input.picture, answer.layout).svg().utf8), to: path)
        session.note("drawn: \(path)")
      }
      return answer
    }
  }

  private static func read(
    _ pictures: [Picture], _ model: TextReader, _ decoder: CTCDecoder
  ) throws -> [CTCText] {
    var texts = [CTCText?](repeating: nil, count: pictures.count)
    try CTCReader.forEach(ReadInputs(pictures, model.settings), model.networks) { texts[$0] = decoder($1) }
    return texts.compactMap { $0 }
  }

  public static func evaluate(
    _ data: ReadData, _ model: TextReader, _ options: ReadOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let decoder = try CTCDecoder(model.preparation, options.search, model.calibration)
    let found = try read(data.pictures, model, decoder)
    let truth = data.lines.map { CTCReport.Truth(place: $0.place, input: $0.place, text: $0.text) }
    let settings = model.settings.ctc
    var report = CTCReport.report(
      truth, found.map { (model.settings.ordered($0.text), $0.confidence) }, settings, first: .cer)
    func bare(_ text: String) -> String { text.filter { $0 != " " } }
    let rate = ErrorRate.characters(
      report.examples.map { bare($0.truth) }, report.examples.map { bare($0.answer) })
    report.scores.insert(
      .init(
        "character error rate without spaces", rate.rate, unit: "%",
        note: "\(rate.errors) errors in \(rate.count) characters"), at: 1)
    return report
  }

  /// Reads `pictures`, `[batch, height, width, 1]`, ink as 1 and paper as 0, and their `widths`. Gives
  /// `log_probabilities`, `[batch, time, characters + 1]`, the blank first.
  public static func trace(_ trace: inout Trace, _ model: TextReader) throws {
    let layout = trace.lengths("widths", steps: "width", times: model.settings.stepWidth)
    let pixels = trace.numbers("pictures", [.batch, .fixed(model.settings.height), .time(layout), .fixed(1)])
    let found = try Network.logProbabilities(
      model.networks, ImageBatch(Variable(pixels), layout: layout))
    trace.gives("log_probabilities", found.rows, found.layout)
  }
}

extension Model where Task == ReadTask {
  /// Reads a picture of a line or of a page.
  public func read(_ picture: Picture) throws -> ReadAnswer { try answers([ReadInput(picture)])[0] }
}
