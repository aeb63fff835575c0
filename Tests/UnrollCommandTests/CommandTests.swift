import Testing

/// The command as a whole: what it prints where, and how it ends. One at a time, for each uses all of the machine.
@Suite(.serialized) struct CommandTests {
  /// A folder with data and a model of it, made once.
  private static let shop: Result<Folder, any Error> = Result {
    let folder = try Folder()
    try folder.write(Table.daily(120), "sales.csv")
    let outcome = try Command.run("train forecast sales.csv -o model \(Command.quick)", in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return folder
  }

  // MARK: - Help and usage

  @Test(arguments: ["", "--help", "-h", "help"]) func help(_ line: String) throws {
    let outcome = try Command.run(line, in: Folder())
    #expect(outcome.code == 0)
    #expect(outcome.errors.isEmpty)
    for word in ["train", "forecast", "evaluate", "inspect", "--version"] {
      #expect(outcome.output.contains(word))
    }
  }

  @Test func helpOfACommandNamesItsOptions() throws {
    let outcome = try Command.run("train forecast --help", in: Folder())
    #expect(outcome.code == 0)
    for word in [
      "--time", "--target", "--id", "--known", "--horizon", "--season", "--cell", "--hidden", "--layers",
      "--epochs", "--time-limit", "--seed", "--output", "CO2", "lstm",
    ] { #expect(outcome.output.contains(word), "\(word)") }
  }

  @Test func version() throws {
    let outcome = try Command.run("--version", in: Folder())
    #expect(outcome.code == 0)
    #expect(outcome.output.split(separator: ".").count == 3 && outcome.errors.isEmpty)
  }

  @Test(arguments: [
    ("train forecast sales.csv -o m --bogus", "--bogus"),
    ("train forecast sales.csv", "-o"),
    ("train forecast sales.csv -o m --epochs many", "many"),
    ("train forecast sales.csv -o m --cell transistor", "transistor"),
    ("train forecast sales.csv -o m --time-limit soon", "soon"),
    ("train forecast sales.csv -o m --season 7,x", "7,x"),
    ("train forecast sales.csv -o m --horizon 0", "--horizon"),
    ("train forecast sales.csv -o m --frequency often", "often"),
    ("train forecast sales.csv -o m --threads 0", "--threads"),
    ("train forecast sales.csv -o m --hidden 0", "--hidden"),
    ("train forecast sales.csv -o m --epochs 0", "--epochs"),
    ("train forecast sales.csv -o m --batch-size -1", "--batch-size"),
    ("train forecast sales.csv -o m --dropout 1.5", "--dropout"),
    ("train forecast -o m --target co2", "DATA"),
    ("train sing song.mid", "sing"),
    ("forecast model --levels 80,120", "120"),
    ("forecast model --levels eighty", "eighty"),
    ("forecast", "MODEL"),
    ("evaluate model --windows 0", "--windows"),
    ("paint model", "paint"),
  ]) func wrongUse(_ line: String, _ word: String) throws {
    let outcome = try Command.run(line, in: Folder())
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains(word), "\(outcome.errors)")
  }

  @Test func aTargetThatTheMachineLacksIsWrongUse() throws {
    let outcome = try Command.run(
      "inspect model", in: Self.shop.get(), environment: ["UNROLL_TARGET": "abacus"])
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("abacus") && outcome.errors.contains("scalar"))
  }

  @Test(arguments: ["abc", "0", "-1", "100000", "2.5", "99999999999999999999"])
  func threadsThatCannotBeAreWrongUse(_ count: String) throws {
    let outcome = try Command.run(
      "inspect model", in: Self.shop.get(), environment: ["UNROLL_THREADS": count])
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("UNROLL_THREADS: expected a whole number from 1 to 1024, found \(count)"))
  }

  // MARK: - Training

  @Test func trainingPrintsLinesWithoutATerminal() throws {
    let folder = try Folder()
    try folder.write(Table.daily(120), "sales.csv")
    let outcome = try Command.run("train forecast sales.csv -o model \(Command.quick)", in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.output.isEmpty)
    #expect(!outcome.errors.contains("\r") && !outcome.errors.contains("\u{1B}"))
    for words in [
      "time: \"date\" (daily, 2023-01-01 … 2023-04-30)", "target: \"sales\"", "season: 7", "horizon: 14",
      "epoch 1/2  loss ", "epoch 2/2  loss ", "seasonal naive", "training on all data", "saved model",
    ] { #expect(outcome.errors.contains(words), "\(words)") }
    #expect(
      folder.names("model") == [
        "README.md", "config.json", "forecast.svg", "history.csv", "manifest.json", "model.safetensors",
      ])
    #expect(folder.read("model/forecast.svg")?.contains("<svg") == true)
    #expect(folder.names() == ["model", "sales.csv"])
  }

  @Test func trainingOnTheEmbeddedSeries() throws {
    let folder = try Folder()
    let outcome = try Command.run(
      "train forecast --horizon 3 --season 12 --epochs 1 --hidden 8 --time-limit 20s -o co2", in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let table = try Command.run("forecast co2", in: folder)
    #expect(table.lines.count == 4)
    #expect(table.lines[1].hasPrefix("2026-07,4"))
  }

  @Test func progressIsDrawnOverOnATerminal() throws {
    let folder = try Folder()
    try folder.write(Table.daily(200), "sales.csv")
    let outcome = try Command.run(
      "train forecast sales.csv -o model --epochs 12 --hidden 256", in: folder, terminal: true)
    #expect(outcome.code == 0)
    // The terminal turns each line feed into a carriage return and one.
    let rows = outcome.errors.replacing("\r\n", with: "\n").split(separator: "\n")
    let drawings = rows.flatMap { $0.split(separator: "\r") }.map { plain(String($0)) }
    #expect(drawings.filter { $0.hasPrefix("epoch") }.count > 4)
    #expect(drawings.contains { $0.contains("━") && $0.contains("left") })
    #expect(drawings.contains { $0.hasPrefix("epoch 12/12") && $0.contains("val ") })
    #expect(drawings.filter { $0.count > 80 } == [])
    #expect(outcome.errors.contains("\u{1B}[K"))
    // The last drawing of each phase is left standing, on a row of its own.
    let left = rows.map { plain(String($0)) }.filter { $0.contains("epoch") && $0.contains("elapsed") }
    #expect(left.count == 2)
  }

  @Test func aDumbTerminalAndNoColour() throws {
    let folder = try Self.shop.get()
    let dumb = try Command.run(
      "train forecast sales.csv -o dumb \(Command.quick)", in: folder, environment: ["TERM": "dumb"],
      terminal: true)
    #expect(!dumb.errors.contains("\u{1B}") && dumb.errors.contains("epoch 2/2"))
    let grey = try Command.run(
      "train forecast sales.csv -o dumb \(Command.quick)", in: folder, environment: ["NO_COLOR": "1"],
      terminal: true)
    #expect(!grey.errors.contains("\u{1B}[1m") && !grey.errors.contains("\u{1B}[36m"))
  }

  private func plain(_ text: String) -> String {
    text.replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: "")
  }

  @Test func anOlderModelIsReplaced() throws {
    let folder = try Folder()
    try folder.write(Table.daily(120), "sales.csv")
    for (horizon, count) in [(3, 4), (5, 6)] {
      let outcome = try Command.run(
        "train forecast sales.csv --horizon \(horizon) -o model \(Command.quick)", in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(try Command.run("forecast model", in: folder).lines.count == count)
    }
    #expect(folder.names() == ["model", "sales.csv"])
  }

  @Test func theSameSeedTheSameModel() throws {
    let folder = try Folder()
    try folder.write(Table.daily(120), "sales.csv")
    func table(_ options: String) throws -> String {
      let outcome = try Command.run(
        "train forecast sales.csv -o model --epochs 2 --hidden 48 --no-combine \(options)", in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      return try Command.run("forecast model", in: folder).output
    }
    let first = try table("--seed 3")
    #expect(try table("--seed 3 --threads 1") == first)
    #expect(try table("--seed 3 --threads 2") == first)
    #expect(try table("--seed 4") != first)
  }

  @Test func controlCSavesTheBestModel() throws {
    let folder = try Folder()
    try folder.write(Table.daily(200), "sales.csv")
    let outcome = try Command.run(
      "train forecast sales.csv -o model --epochs 100000 --hidden 12", in: folder,
      stopWhen: { $0.contains(" 3/100000") })
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("interrupted, kept epoch"))
    #expect(outcome.errors.contains("saved model"))
    let table = try Command.run("forecast model", in: folder)
    #expect(table.code == 0 && table.lines.count == 15)
    #expect(try Command.run("inspect model", in: folder).output.contains("interrupted"))
  }

  @Test func aTimeLimitHolds() throws {
    let folder = try Folder()
    try folder.write(Table.daily(200), "sales.csv")
    let outcome = try Command.run(
      "train forecast sales.csv -o model --epochs 100000 --hidden 12 --time-limit 1s", in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.seconds < 10)
    #expect(try Command.run("forecast model", in: folder).code == 0)
  }

  @Test func aLookBackBeyondTheDataIsAllOfIt() throws {
    let folder = try Folder()
    try folder.write(Table.daily(90), "sales.csv")
    let outcome = try Command.run(
      "train forecast sales.csv -o model --look-back 1000000 \(Command.quick)", in: folder)
    #expect(outcome.code == 0 && outcome.seconds < 10)
    #expect(outcome.errors.contains("looks back 84 steps"), "\(outcome.errors)")
  }

  // MARK: - Forecasting

  @Test func onlyTheTableGoesToStandardOutput() throws {
    let outcome = try Command.run("forecast model", in: Self.shop.get())
    #expect(outcome.code == 0)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.lines.count == 15)
    #expect(outcome.lines[0] == "date,forecast,lo80,hi80,lo95,hi95")
    #expect(outcome.lines[1].hasPrefix("2023-05-01,"))
    for line in outcome.lines.dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      #expect(fields.count == 6 && fields.dropFirst().allSatisfy { Double($0) != nil })
    }
  }

  @Test func filesAreWrittenWhereTheyAreWanted() throws {
    let folder = try Self.shop.get()
    let outcome = try Command.run(
      "forecast model --levels 50 -o out.csv --plot out.svg", in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("│"))
    #expect(folder.read("out.csv")?.hasPrefix("date,forecast,lo50,hi50\n2023-05-01,") == true)
    let picture = try #require(folder.read("out.svg"))
    #expect(picture.contains("<svg") && picture.contains("</svg>") && picture.contains("50"))
  }

  @Test func aNewerHistoryIsContinued() throws {
    let folder = try Self.shop.get()
    try folder.write(Table.daily(130), "newer.csv")
    let outcome = try Command.run("forecast model newer.csv", in: folder)
    #expect(outcome.code == 0 && outcome.lines.count == 15)
    #expect(outcome.lines[1].hasPrefix("2023-05-11,"))
  }

  @Test func seriesTargetsAndCovariates() throws {
    let folder = try Folder()
    var text = "shop,day,sold,stock,promo\n"
    for shop in ["north", "south"] {
      for day in 0..<110 {
        let numbers = day < 100 ? "\(Table.value(day)),\(40 - day % 7)" : ","
        text += "\(shop),\(Table.date(day)),\(numbers),\(day % 3 == 0 ? 1 : 0)\n"
      }
    }
    try folder.write(text, "shops.csv")
    let trained = try Command.run(
      "train forecast shops.csv --target sold,stock --known promo --horizon 10 -o model \(Command.quick)",
      in: folder)
    #expect(trained.code == 0, "\(trained.errors)")
    #expect(trained.errors.contains("id: \"shop\" (2 series)"))
    #expect(!trained.errors.contains("its mean stands in"))
    let outcome = try Command.run("forecast model --levels 80", in: folder)
    #expect(outcome.lines.count == 41)
    #expect(outcome.lines[0] == "shop,day,target,forecast,lo80,hi80")
    #expect(outcome.lines[1].hasPrefix("north,2023-04-11,sold,"))
    #expect(outcome.lines[40].hasPrefix("south,2023-04-20,stock,"))
    // A horizon that the covariate does not reach.
    let longer = try Command.run(
      "train forecast shops.csv --target sold --known promo --horizon 12 -o longer \(Command.quick)",
      in: folder)
    #expect(longer.code == 0)
    #expect(longer.errors.contains("promo") && longer.errors.contains("its mean stands in"))
  }

  @Test func evaluatePrintsTheTable() throws {
    let folder = try Self.shop.get()
    let outcome = try Command.run("evaluate model --windows 3", in: folder)
    #expect(
      outcome.code == 0 && outcome.errors.contains("3 of 3 windows are part of what the model was trained on")
    )
    for word in [
      "windows             3", "MAE", "RMSE", "sMAPE", "MASE", "in 80%", "in 95%", "CRPS", "model", "naive",
      "seasonal naive", "drift",
    ] { #expect(outcome.output.contains(word), "\(word)") }
    #expect(outcome.output.hasSuffix("\n"))
    let rows = outcome.lines.drop { !$0.hasPrefix("beside") }.dropFirst()
      .prefix { !$0.hasPrefix("what the model combines") }
    // A head, the model, with or without the network alone, and six simple methods.
    #expect((8...9).contains(rows.count) && Set(rows.map { $0.count }).count == 1, "the table is not aligned")
    let other = try Command.run("evaluate model sales.csv --windows 2 --stride 7", in: folder)
    #expect(other.code == 0 && other.output.contains("windows             2"))
  }

  @Test func inspectListsTheParts() throws {
    let outcome = try Command.run("inspect model", in: Self.shop.get())
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    for word in [
      "Data", "Network", "Training", "gru", "front.", "[12, ", "sales.csv", "daily", "seed",
    ] { #expect(outcome.output.contains(word), "\(word)") }
    let counts = outcome.lines.filter { $0.contains("[") }.compactMap {
      Int($0.split(separator: " ").last ?? "")
    }
    let total = outcome.lines.first { $0.hasPrefix("  parameters") }?.split(separator: " ").last
    #expect(counts.reduce(0, +) == Int(total ?? ""))
  }
}
