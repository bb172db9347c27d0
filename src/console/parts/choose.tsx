/** One of a few, or all: a filter of a list. */
interface Props {
  label: string;
  value: string;
  options: readonly string[];
  /** What no choice is called. */
  none?: string;
  onChoose: (value: string) => void;
}

export function Choose({ label, value, options, none = 'all', onChoose }: Props) {
  return (
    <label>
      {label}{' '}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">{none}</option>
        {options.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
