import { Component, type ReactNode } from "react";

interface Props {
  text: string;
  children: ReactNode;
}

/** Shows a text as it is where it cannot be painted, and tries again once it has changed. */
export class PlainFallback extends Component<Props, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidUpdate({ text }: Props) {
    if (this.state.hasFailed && text !== this.props.text) this.setState({ hasFailed: false });
  }

  override render() {
    const { text, children } = this.props;
    if (!this.state.hasFailed) return children;
    return (
      <p dir="auto" className="wrap-anywhere whitespace-pre-wrap">
        {text}
      </p>
    );
  }
}
