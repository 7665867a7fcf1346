import type { ReactNode } from "react";

function Svg({ children }: { children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      className="size-4.5 shrink-0"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const SendIcon = () => (
  <Svg>
    <path d="M10 16V4m-5 5 5-5 5 5" />
  </Svg>
);
export const StopIcon = () => (
  <Svg>
    <rect x="5.5" y="5.5" width="9" height="9" rx="1.5" fill="currentColor" />
  </Svg>
);
export const PlusIcon = () => (
  <Svg>
    <path d="M10 4v12M4 10h12" />
  </Svg>
);
export const ListIcon = () => (
  <Svg>
    <path d="M3.5 6h13M3.5 10h13M3.5 14h8" />
  </Svg>
);
export const MoreIcon = () => (
  <Svg>
    <g fill="currentColor" stroke="none">
      <circle cx="4.5" cy="10" r="1.4" />
      <circle cx="10" cy="10" r="1.4" />
      <circle cx="15.5" cy="10" r="1.4" />
    </g>
  </Svg>
);
export const CloseIcon = () => (
  <Svg>
    <path d="m5 5 10 10M15 5 5 15" />
  </Svg>
);
export const CheckIcon = () => (
  <Svg>
    <path d="m4.5 10.5 3.5 3.5 7.5-8" />
  </Svg>
);
export const ChevronDownIcon = () => (
  <Svg>
    <path d="m6 8 4 4 4-4" />
  </Svg>
);
export const SearchIcon = () => (
  <Svg>
    <path d="M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zm4-1.5 3.5 3.5" />
  </Svg>
);
export const ChevronUpIcon = () => (
  <Svg>
    <path d="m6 12 4-4 4 4" />
  </Svg>
);
export const ChevronLeftIcon = () => (
  <Svg>
    <path d="m12 6-4 4 4 4" />
  </Svg>
);
export const ChevronRightIcon = () => (
  <Svg>
    <path d="m8 6 4 4-4 4" />
  </Svg>
);
export const LinkIcon = () => (
  <Svg>
    <path d="M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-1 1m1.4 2.8a3 3 0 0 0-4.2 0L4.7 11.1a3 3 0 0 0 4.2 4.2l1-1" />
  </Svg>
);
export const ArrowDownIcon = () => (
  <Svg>
    <path d="M10 4v12m-5-5 5 5 5-5" />
  </Svg>
);
export const CopyIcon = () => (
  <Svg>
    <path d="M7 7V4.5h8.5V13H13M4.5 7H13v8.5H4.5z" />
  </Svg>
);
export const RetryIcon = () => (
  <Svg>
    <path d="M15.5 8.5A6 6 0 1 0 16 11m0-7v4.5h-4.5" />
  </Svg>
);
export const PencilIcon = () => (
  <Svg>
    <path d="m4 16 .8-3.5L13 4.3l2.7 2.7-8.2 8.2zM11.5 6l2.5 2.5" />
  </Svg>
);
export const NoteIcon = () => (
  <Svg>
    <path d="M4.5 3.5h11v13h-11zM7.5 7.5h5m-5 3h5m-5 3h3" />
  </Svg>
);
export const TrashIcon = () => (
  <Svg>
    <path d="M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11" />
  </Svg>
);
export const DownloadIcon = () => (
  <Svg>
    <path d="M10 3.5v9m-3.5-3.5 3.5 3.5 3.5-3.5M4 16.5h12" />
  </Svg>
);
export const WarnIcon = () => (
  <Svg>
    <path d="M10 3.5 17.5 16.5h-15zM10 8.5v3.5m0 2.3v.1" />
  </Svg>
);
export const PersonIcon = () => (
  <Svg>
    <path d="M10 10a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 10 10zm-6 6.5c.6-3 3-4.2 6-4.2s5.4 1.2 6 4.2" />
  </Svg>
);
export const WrapIcon = () => (
  <Svg>
    <path d="M3.5 5.5h13M3.5 10h10a2.5 2.5 0 0 1 0 5H10m1.8-2L10 15l1.8 2" />
  </Svg>
);
