export interface Migration {
  /** `001-pipeline`: the number gives the order, the name the subject. */
  name: string;
  sql: string;
}
