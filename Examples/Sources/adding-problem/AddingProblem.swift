import Unroll

@main
struct AddingProblem {
  static func main() throws {}
}
